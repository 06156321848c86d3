error-page-too-deep = Only the first { $limit } results can be shown. Add a word or a filter.
error-search-kind-unknown = There is nothing of the kind “{ $kind }” to search for.
error-index-busy = Another process is writing to the search index { $folder } and did not end within { $seconds } seconds. Try again in a moment.
error-search-unavailable = Search is not available just now; the index is made again by itself. Try again in a moment ({ $reason }).
error-record-unsettled = Something ({ $kind }) changes too fast; it is indexed again in a moment.
error-rebuild-superseded = Another rebuild of the search index was started meanwhile; this one ({ $name }) has ended.
