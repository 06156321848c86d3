# 用印登记簿的导出列
register-title = 用印登记簿
register-kind = 用印方式
register-kind-electronic = 电子用印
register-kind-paper = 线下盖章
register-kind-correction = 更正
register-corrects = 所更正的编号
register-changes = 更正内容
register-reason = 更正原因
register-second = 复核人
register-scan = 盖章页扫描件
register-scan-open = 未交
register-scan-there = 已交
register-before = 用印前 SHA-256
register-after = 用印后 SHA-256
