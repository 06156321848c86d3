error-file-refused = 无法接收该文件。
error-file-empty = 文件是空的，请检查后重新选择。
error-file-too-large = 文件超过 { $limit } MB。
error-type-not-accepted = 这是{ $found ->
    [windows-program]  Windows 程序
    [linux-program]  Linux 程序
    [program] 程序
    [script] 脚本
    [zip]  ZIP 格式文件（如 DOCX、XLSX、OFD）
    [office] 旧版 Office 文件
    [rtf]  RTF 文件
    [gif]  GIF 图片
    [tiff]  TIFF 图片
    [bmp]  BMP 图片
    [webp]  WebP 图片
    [media] 音频或视频
    [archive] 压缩文件
    [postscript]  PostScript 文件
    [macros] 带宏的 Office 文件
    [opendocument] OpenDocument 文件
    [xml]  XML 文件
    [html]  HTML 文件
    [heic]  HEIC 图片或视频
   *[other] 未知类型的文件
}，可以接收的是{ $accepted }。
error-file-encrypted = PDF 设有密码。请另存为不带密码的文件后重新上传。
error-file-truncated = 文件末尾缺失，可能没有传输完整，请重新获取后上传。
error-file-broken = 文件已损坏，无法读取（{ $reason }）。
error-image-too-large = 图片为 { $width } × { $height } 像素，超过 { $limit } 百万像素，请缩小后上传。
error-too-many-pages = 文件有 { $pages } 页，最多接收 { $limit } 页。
error-nested-too-deep = 压缩包里套压缩包超过两层，未打开；请解压后上传里面的文件。
error-container-too-large = 压缩包解压后过大（超过 { $limit } MB），未打开。请分成几个较小的文件上传。
error-too-many-members = 里面有 { $members } 个文件，最多接收 { $limit } 个。请分几次上传。
error-container-empty = 压缩包里没有文件。
error-active-content-refused = 按本单位的规定，不接收含有{ $first ->
    [javascript] JavaScript 脚本
    [launch] 启动程序的命令
    [xfa] XFA 表单
    [need-appearances] 外观未固定的表单域
    [external-reference] 外部内容的引用
    [hidden-layers] 可切换的图层
    [submit-form] 会发送数据的表单
    [rich-media] 视频、音频或三维内容
    [embedded-executable] 可执行程序
   *[other] 活动内容
}的 PDF。请将它打印成新的 PDF 后上传。
error-office-not-installed = 服务器上没有 LibreOffice，无法读取 Office 文件。请另存为 PDF 后上传，或请管理员安装（Debian：apt install libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui）。
error-file-infected = 文件带有病毒（{ $signature }），未接收。
error-file-not-scanned = 文件超过病毒扫描程序的大小限制，未接收。请管理员调高 clamd 的 StreamMaxLength（{ $reason }）。
error-scanner-unavailable = 病毒扫描程序没有应答，请稍后重试（{ $reason }）。
finding-embedded-executable = 附带的可执行程序
finding-uri = 网址链接
finding-member-encrypted = 里面的文件设有密码，未打开
finding-member-broken = 里面的文件已损坏，未打开
finding-member-too-large = 里面的文件过大，未打开
finding-member-unsupported = 里面的文件格式不支持，未打开
error-parser-failed = 无法读取该文件：{ $reason ->
    [time] 所需时间过长
    [memory] 所需内存过大
   *[other] 读取程序因它而崩溃
}。文件可能已损坏或带有恶意内容，请将它打印成新的 PDF 后上传。
error-active-content = 该 PDF 含有{ $first ->
    [javascript] JavaScript 脚本
    [launch] 启动程序的命令
    [xfa] XFA 表单
    [need-appearances] 外观未固定的表单域
    [external-reference] 外部内容的引用
    [hidden-layers] 可切换的图层
    [submit-form] 会发送数据的表单
    [rich-media] 视频、音频或三维内容
    [embedded-executable] 可执行程序
   *[other] 活动内容
}，不能直接签署。请将它打印成新的 PDF 后使用。
error-version-conflict = 文件在此期间已有变化，请重新查看。
error-document-not-ready = “{ $title }”仍在处理中，或者未被接收。
error-document-in-use = 该文件属于某个审批单，不能删除。
media-pdf = PDF 文件
media-jpeg = JPEG 图片
media-png = PNG 图片
media-unknown = 未知类型的文件
finding-javascript = JavaScript 脚本
finding-launch = 启动程序的命令
finding-xfa = XFA 表单
finding-need-appearances = 外观未固定的表单域
finding-embedded-files = 附带的文件
finding-external-reference = 外部内容的引用
finding-hidden-layers = 可切换的图层
finding-submit-form = 会发送数据的表单
finding-rich-media = 视频、音频或三维内容
finding-signed = 他人的签名
finding-unsignable = 妨碍直接签名的内容
finding-repaired = 已修复的结构损坏
finding-page-incomplete = 有页面内容未能完整绘制
warning-signature-broken = 文件中的签名已失效：签名之后文件被改动过。
warning-sources-disagree = { $field ->
    [type] 发票类型
    [code] 发票代码
    [number] 发票号码
    [issue_date] 开票日期
    [check_code] 校验码
    [seller_name] 销售方名称
    [seller_tax_id] 销售方税号
    [buyer_name] 购买方名称
    [buyer_tax_id] 购买方税号
    [net] 合计金额
    [tax] 合计税额
    [total] 价税合计
    [total_in_capitals] 价税合计（大写）
    [currency] 币种
    [remark] 备注
    [drawer] 开票人
    [is_red] 红字标志
    [red_of_code] 被红冲发票代码
    [red_of_number] 被红冲发票号码
    [passenger] 旅客姓名
    [journey] 行程
    [travel_date] 出行日期
   *[other] 该项
}在不同来源中不一致：{ $source ->
    [xml] XML 数据
    [xbrl] XBRL 数据
    [qr] 二维码
    [text] 版面文字
    [ocr] 识别文字
   *[other] 其他来源
}为“{ $value }”，{ $other_source ->
    [xml] XML 数据
    [xbrl] XBRL 数据
    [qr] 二维码
    [text] 版面文字
    [ocr] 识别文字
   *[other] 其他来源
}为“{ $other }”。
warning-several-invoices = 文件中有多张发票（{ $numbers }），只读取了第一张，请将其余发票单独上传。
warning-field-missing = 未找到{ $field ->
    [code] 发票代码
    [number] 发票号码
    [issue_date] 开票日期
    [total] 价税合计
   *[other] 该项
}，请手工补充。
warning-read-uncertainly = { $field ->
    [code] 发票代码
    [number] 发票号码
    [issue_date] 开票日期
    [net] 合计金额
    [tax] 合计税额
    [total] 价税合计
   *[other] 该项
}“{ $value }”由图片识别得到，把握不大，请核对。
warning-amounts-do-not-add-up = 金额 { $net } 与税额 { $tax } 之和不等于价税合计 { $total }。
warning-lines-do-not-add-up = 明细之和为 { $lines }，与{ $field ->
    [net] 合计金额
    [tax] 合计税额
   *[other] 该项
} { $value } 不符。
warning-capitals-unreadable = 大写金额“{ $capitals }”无法理解。
warning-capitals-differ = 大写金额“{ $capitals }”为 { $amount }，与价税合计 { $total } 不符。
warning-date-in-future = 开票日期 { $date } 晚于今天。
warning-date-implausible = 开票日期 { $date } 早于增值税发票启用之日。
warning-date-does-not-fit-number = 开票日期 { $date } 与号码 { $number } 中的年份不符。
warning-number-has-wrong-shape = { $number } 不是“{ $type }”应有的发票号码。
warning-code-has-wrong-shape = { $invoice_code } 不是“{ $type }”应有的发票代码。
warning-tax-id-has-wrong-shape = { $party ->
    [seller] 销售方
    [buyer] 购买方
   *[other] 对方
}税号 { $tax_id } 的格式不对。
warning-credit-code-doubtful = { $party ->
    [seller] 销售方
    [buyer] 购买方
   *[other] 对方
}税号 { $tax_id } 的校验位不对（部分早期代码确实如此）。
warning-negative-but-not-red = 价税合计 { $total } 为负数，但发票未标明红字。
warning-red-but-positive = 发票为红字发票，但价税合计 { $total } 不是负数。
warning-red-without-original = 红字发票未注明被红冲的发票。
warning-foreign-currency = 金额币种为 { $currency }。
warning-buyer-missing = 发票上没有购买方。
warning-buyer-not-ours = 购买方“{ $buyer }”（税号：{ $tax_id }）不是本单位的法人主体。
warning-buyer-tax-id-differs = 购买方“{ $buyer }”的税号为 { $tax_id }，本单位税号为 { $expected }。
warning-buyer-tax-id-missing = 发票未填写购买方“{ $buyer }”的税号，单位抬头的发票必须填写。
document-kind-invoice = 发票
document-kind-contract = 合同
document-kind-form = 审批表
document-kind-attachment = 附件
document-stage-queued = 排队中
document-stage-reading = 读取中
document-stage-recognising = 文字识别中
document-stage-done = 已完成
finding-recognition-stopped = 无文字的页面超过识别上限，其余页面无法按关键字检索
document-state-processing = 处理中
document-state-ready = 就绪
document-state-refused = 未接收
version-reason-uploaded = 上传
version-reason-rendered = 转为 PDF
version-reason-flattened = 已扁平化：仅保留页面外观
version-reason-typeset = 排版
version-reason-certified = 认证
version-reason-prepared = 准备签署
version-reason-signed = 签名
version-reason-sealed = 盖章
version-reason-timestamped = 归档时间戳

error-invoice-field-unknown = 发票上没有这个项目。
error-invoice-field-not-understood = { $kind ->
    [amount] 请输入金额，例如 1234.50。
    [date] 请输入日期，例如 2026-11-20。
    [yes-no] 请选择是或否。
    [identifier] 只能使用数字和字母。
   *[other] 这一项的文字太长。
}
error-invoice-fixed = 发票已在报销中，不能再更正。
error-reason-needed = 请填写理由，最多 { $longest } 个字。
notice-override-asked = { $person }请您查看签名失效的发票“{ $title }”，并决定是否放行。
notice-override-made = { $person }已放行您签名失效的发票“{ $title }”，可以报销。理由：{ $reason }
error-override-not-needed = 这张发票不需要特批。
error-inquiry-elsewhere = 这是财政电子票据，税务查验平台不予受理。请在票面注明的财政票据平台查验后手工录入结果。
error-inquiry-incomplete = 查验需要以下项目：{ $fields }。请先补全。
error-inquiry-limit = 同一张发票每天最多查验 { $limit } 次，请明天再试。
error-gateway-missing = 没有配置发票查验接口。请在税务查验平台上查验，再手工登记结果。
error-gateway-unavailable = 无法连接发票查验接口（{ $reason }）。
error-gateway-refused = 发票查验接口没有给出可用的结果（{ $reason }）。
check-outcome-consistent = 查验一致
check-outcome-inconsistent = 查验不一致
check-outcome-not_found = 查无此票
check-outcome-voided = 已作废
check-outcome-reversed = 已红冲
check-outcome-failed = 没有结果
check-outcome-pending = 查验中
invoice-source-corrected = 人工更正
invoice-field-name = { $field ->
    [type] 发票类型
    [code] 发票代码
    [number] 发票号码
    [issue_date] 开票日期
    [check_code] 校验码
    [seller_name] 销售方名称
    [seller_tax_id] 销售方税号
    [buyer_name] 购买方名称
    [buyer_tax_id] 购买方税号
    [net] 不含税金额
    [tax] 税额
    [total] 价税合计
    [total_in_capitals] 价税合计（大写）
    [currency] 币种
    [remark] 备注
    [drawer] 开票人
    [is_red] 红字
    [red_of_code] 原发票代码
    [red_of_number] 原发票号码
    [passenger] 乘客
    [journey] 行程
    [travel_date] 乘车（机）日期
   *[other] { $field }
}
finding-recognised-text = 文字由识别得到，请核对
error-processing-failed = 文件已保存，但读取没有完成；请查看日志，修复后会再次读取。
