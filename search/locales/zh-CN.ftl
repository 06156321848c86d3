error-page-too-deep = 搜索结果最多显示前 { $limit } 条，请增加关键词或筛选条件。
error-search-kind-unknown = 没有“{ $kind }”这一类内容可以搜索。
error-index-busy = 另一个进程正在写入搜索索引 { $folder }，等了 { $seconds } 秒仍未结束，请稍后再试。
error-search-unavailable = 搜索暂时不可用，索引会自动重建，请稍后再试（{ $reason }）。
error-record-unsettled = 内容（{ $kind }）变化太快，稍后会自动重新编入索引。
error-rebuild-superseded = 其间已启动另一次索引重建，本次重建（{ $name }）已结束。
