# 用印登记簿：方式、更正、线下盖章、借出、证明
book-kind = 用印方式
book-kind-electronic = 电子用印
book-kind-paper = 线下盖章
book-kind-correction = 更正
book-scan = 扫描件
book-scan-missing = 缺扫描件
book-export-xlsx = XLSX
book-loans = 印章借出
book-stamp = 登记线下盖章
book-waiting = 等待第二人确认的更正
book-open-uses = { $count ->
   *[other] 有 { $count } 次线下盖章尚未补传照片
}
book-corrects = 更正 { $number }
book-corrected = 已更正
book-stamped = 已登记。请补传盖章页的照片或扫描件。
book-place = 第 { $page } 页，距左 { $x } 毫米，距上 { $y } 毫米
book-reason = 原因
book-second = 复核人
book-corrections = 更正
book-corrections-none = 没有更正。
book-original = 原登记，保持不变。
book-by-two = 提出与确认
book-asked = { $name }提出更正
book-agree = 确认
book-refuse = 驳回
book-agree-consequence = 确认后，更正将作为新的一条写入登记簿，不能撤销，只能再次更正。
book-waits-for-second = 等待一位审计员或管理员确认；提出人和用印人不能自己确认。
book-correct = 更正本条
book-correct-lead = 原登记不变；第二人确认后，更正写在其下。
book-correct-do = 提出更正
book-scans = 盖章页
book-scan-of = { $name }上传
book-scan-due = 应于 { $day } 前补传
book-scan-choose = 照片或扫描件
book-scan-add = 上传扫描件
book-scan-none-chosen = 请选择照片或 PDF。
book-proof = 证明
book-proof-text = 本条登记载于第 { $number } 个树头所声明的审计记录，该树头于 { $time } 签名并加盖时间戳。
book-proof-entry = 审计条目
book-proof-leaf = 树叶哈希
book-proof-path = 到树根的路径
book-proof-steps = { $count ->
   *[other] { $count } 步
}
book-proof-root = 树根
book-proof-none = 本条登记之后尚未生成树头，一小时内会自动生成；下载证明时会立即生成一个。
book-proof-get = 下载证明
evidence-get = 证据包
book-stamp-lead = 按已批准的审批单，用实体印章盖过的打印件。
book-stamp-none = 没有可盖的文件
book-stamp-none-text = 已批准、可由您盖章的文件会显示在这里：您是印章管理员，或正借用该印章。
book-stamp-what = 所盖文件
book-stamp-most = { $count ->
   *[other] 最多 { $count } 份
}
book-stamp-until = { $time } 前有效
book-stamp-consequence = 登记后该批准即用完，写入登记簿且不能撤销。盖章页的照片随后补传。
book-stamp-do = 写入登记簿
book-loans-lead = 借出的实体印章。借出期间只能由借用人盖章。
book-loan-out = 借出中
book-loan-back = 已归还
book-loan-overdue = 已逾期
book-loan-line = { $keeper } → { $borrower }，{ $from } 至 { $until }
book-loan-checked = { $name } 于 { $time } 验收。
book-loan-note = 验收情况
book-loan-good = 完好
book-loan-return = 已收回
book-loans-none = 没有借出的印章
book-loans-none-text = 您保管的印章的借出情况，以及您借用的印章，会列在这里。
book-lend = 借出印章
book-borrower = 借用人
book-choose = 请选择
book-loan-reason = 用途
book-due = 归还时间
book-lend-consequence = 自此刻起，在您收回之前，只有借用人可以用它盖章。
book-lend-do = 借出
seal-by-hand = 改为线下盖章
seal-by-hand-lead = 您已用实体印章在打印件上盖章。审批表照常由您签名，登记簿注明为线下盖章，电子文件本身不变。
seal-by-hand-copies = “{ $document }”的份数（最多 { $count } 份）
admin-heads = 树头
admin-heads-late = 未收到最新树头的接收处
admin-heads-none = 尚未生成树头；有新的记录时每小时生成一个。
admin-heads-nowhere = 树头没有发往本机之外。请在 VERMILION_HEAD_TARGETS 中指定运营者无法改写的接收处，否则历史若被整体改写将无从分辨。
admin-heads-trouble = { $target } 自第 { $number } 个起有 { $count ->
   *[other] { $count } 个树头
}未收到：{ $reason }
admin-heads-size = 覆盖 { $count } 条记录

book-words = 关键词
book-words-example = 事由、单位、编号、日期:本月…
book-search-down = 搜索暂时不可用，以下为不含关键词的列表，筛选条件照常有效。
book-totals = 统计
book-totals-none = 这些记录中没有用印。
book-totals-more = { $count ->
   *[other] 另有 { $count } 项
}
book-uses = { $count ->
   *[other] 用印 { $count } 次
}
book-by-month = 按月份统计
book-by-seal = 按印章统计
book-by-department = 按部门统计
book-fields-all = 显示全部字段
book-fields-few = 只显示主要字段
book-changes = 更正内容和原因
