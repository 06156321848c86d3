error-authority-not-ready = 目前无法签名：{ $reason }。需要管理员检查证书；您填写的内容已保留。
error-not-enrolled = 您还没有设置签名 PIN。请在“我的”中设置后再试。
error-already-enrolled = 您已经设置过签名 PIN，可以用旧 PIN 修改。
error-pin-too-weak = PIN 至少需要 { $minimum } 位，不能是连续或重复的字符。
error-wrong-pin = PIN 不正确，没有任何签名。{ $left ->
    [0] 请稍候再试。
   *[other] 再错 { $left } 次将需要等待。
}
error-pin-blocked = PIN 错误次数过多，请在 { $wait_seconds } 秒后再试。没有任何签名。
error-signing-refused = 这份 PDF 无法签名：{ $reason }。
error-placement-off-page = 印章没有完全落在第 { $page } 页内（{ $width_mm } × { $height_mm } 毫米），请移动后再试。
error-placement-overlaps = 在第 { $page } 页，印章会压住其他签名或印章，请移动后再试。
error-placement-missing = 请选择盖章位置（最多 { $most } 处）。
error-seal-not-authorised = 此处没有使用这枚印章的批准。
error-seal-authorisation-used = 该批准已经使用过：印章已经盖好。
error-seal-authorisation-expired = 使用这枚印章的批准已失效（{ $expired_at }）。
error-seal-digest-differs = 该文件不是批准盖章的那一份，没有任何改动。
error-not-the-keeper = 只有“{ $seal }”的管理员可以盖章。
error-seal-not-usable = 印章“{ $seal }”目前不能使用。
error-glyph-missing = 无法绘制字符“{ $character }”，请换一个。
seal-official = 公章
seal-contract = 合同专用章
seal-finance = 财务专用章
seal-invoice = 发票专用章
seal-personnel = 人事专用章
