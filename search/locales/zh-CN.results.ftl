# 搜索词的问题、类别和状态、保存的搜索、导出
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

## 类别和状态
search-kind-document = 文件
search-kind-case = 申请
search-kind-seal-record = 用印记录
search-state-sealed = 已用印
search-state-corrected = 后经更正
search-state-stamped = 线下盖章
search-state-scan-missing = 缺扫描件

## 导出的列
search-export-title = 搜索结果
search-column-kind = 类别
search-column-number = 编号
search-column-title = 标题
search-column-state = 状态
search-column-date = 日期
search-column-seal = 印章
search-column-applicant = 申请人
search-column-department = 部门
search-column-people = 相关人员
search-column-counterparty = 相对方
search-column-amount = 金额
search-column-id = 标识

notice-saved-search-hits = 您保存的搜索“{ $name }”有新结果。
notice-saved-search-wide = 您保存的搜索“{ $name }”现在的结果超过 { $limit } 条，无法再判断哪些是新的。请缩小范围后重新开启提醒。
error-stored-query-unknown = 这个搜索由更新版本的程序保存（格式 { $version }）。
error-saved-search-name-taken = 您已有名为“{ $name }”的搜索。
error-too-many-saved-searches = 最多可保存 { $limit } 个搜索，请先删除不再需要的。
error-search-too-wide = 这个搜索的结果超过 { $limit } 条，需缩小范围才能提醒新结果。
error-too-many-exports = 您有 { $limit } 个导出尚未完成，请等其中一个完成后再试。
error-export-file-there = { $file } 已存在，请换一个文件名。
error-export-format-unknown = 文件名 { $file } 必须以 { $known } 之一结尾。
error-export-not-ready = 文件尚未就绪（{ $state }）。
error-export-outdated = 文件中有 { $count } 条记录您现在已无权查看，请重新导出。
