error-query-too-long = 搜索词太长：最多 { $limit } 个字符，现在有 { $length } 个。
error-page-too-deep = 搜索结果最多显示前 { $limit } 条，请增加关键词或筛选条件。
error-search-kind-unknown = 没有“{ $kind }”这一类内容可以搜索。
error-index-busy = 另一个进程正在写入搜索索引 { $folder }，等了 { $seconds } 秒仍未结束，请稍后再试。
error-search-unavailable = 搜索暂时不可用，索引会自动重建，请稍后再试（{ $reason }）。
error-record-unsettled = 内容（{ $kind }）变化太快，稍后会自动重新编入索引。

## 搜索词中未能理解的部分
search-mistake-between = 、
search-mistake-too-long = 搜索词最多 { $text } 个字符，超出的部分未计入。
search-mistake-too-many = 一次最多搜索 { $text } 个词，其余的词未计入。
search-mistake-field-unknown = 没有“{ $text }”这个字段，已作为普通词语搜索。可用的字段有：{ $known }。
search-mistake-value-missing = “{ $text }:”后面没有内容，已忽略。
search-mistake-amount-unclear = “{ $text }”不是金额。请写成 金额:>10000 或 金额:5000..8000。
search-mistake-date-unclear = “{ $text }”不是日期。请写成 日期:2026-03、日期:2026-01..2026-03、日期:本月 或 日期:近30天。
search-mistake-kind-unknown = 没有“{ $text }”这个类别。可用的有：{ $known } 等。
search-mistake-state-unknown = 没有“{ $text }”这个状态。可用的有：{ $known } 等。
search-mistake-either-alone = “{ $text }”前后都需要有词语。
search-put-right = 没有找到“{ $typed }”，以下是“{ $meant }”的结果。
