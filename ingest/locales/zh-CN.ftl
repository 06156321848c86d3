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
finding-repaired = 已修复的结构损坏
document-kind-invoice = 发票
document-kind-contract = 合同
document-kind-form = 审批表
document-kind-attachment = 附件
document-state-processing = 处理中
document-state-ready = 就绪
document-state-refused = 未接收
version-reason-uploaded = 上传
version-reason-rendered = 转为 PDF
version-reason-typeset = 排版
version-reason-certified = 认证
version-reason-prepared = 准备签署
version-reason-signed = 签名
version-reason-sealed = 盖章
version-reason-timestamped = 归档时间戳
