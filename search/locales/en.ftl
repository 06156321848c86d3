error-index-busy = Another process is writing the search index. Please try again in a moment.
error-index-unavailable = The search does not answer ({ $reason }). Please try again in a moment.
