error-authority-not-ready = 目前无法签名：{ $reason }。需要管理员检查证书；您填写的内容已保留。
error-not-enrolled = 您还没有设置签名 PIN。请在“我的”中设置后再试。
error-already-enrolled = 您已经设置过签名 PIN，可以用旧 PIN 修改。
error-pin-too-weak = PIN 至少需要 { $minimum } 位，不能是连续或重复的字符。
error-wrong-pin = PIN 不正确，没有任何签名。{ $left ->
    [0] 请稍候再试。
   *[other] 再错 { $left } 次将需要等待。
}
error-pin-blocked = PIN 错误次数过多，请在 { $wait_seconds } 秒后再试。没有任何签名。
error-signing-refused =
    { $reason ->
        [encrypted] 这份 PDF 已加密，请去除密码后重新上传。
        [certified-against-change] 这份 PDF 已由制作者认证且不允许任何更改，因此不能再签名。
        [certified-already] 这份 PDF 已经认证过。
        [signed-already] 这份 PDF 已有签名；只有第一个签名才能认证文件。
        [field-signed] PDF 的这个位置已经签过名。
        [field-there] PDF 中已有同名的表单域。
        [field-demands] 这份 PDF 的制作者只允许特定的人在此签名。
        [no-such-field] PDF 中没有可用于此签名的空位。
       *[other] 这份 PDF 已损坏，无法直接签名（{ $reason }）。
    }
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
verify-sentence-valid = 文件自签署以来没有改动，{ $count } 个签名全部真实有效。
verify-sentence-invalid = 请勿采信该文件：签署之后被改动过，或者签名不真实。
verify-sentence-indeterminate = 无法判定该文件是否真实，原因见下。
verify-sentence-unsigned = 该文件没有电子签名。
verify-not-a-pdf = 这既不是 PDF 也不是 OFD 文件。
verify-encrypted = PDF 设有密码，无法查验。
verify-broken-file = PDF 已损坏，无法读取（{ $detail }）。
verify-too-many-signatures = 文件中的签名超过 { $detail } 个。
verify-signature-unreadable = 签名域“{ $detail }”中的签名无法读取。
verify-hidden-signature = 文件中有 { $detail } 个不在任何签名域中的隐藏签名。
verify-no-trust-anchor = 没有提供根证书，无法确认任何人的身份。
verify-revoked = 证书已被吊销（{ $detail }）。
verify-certificate-expired = 证书当时已过期（{ $detail }）。
verify-certificate-not-yet-valid = 证书当时尚未生效（{ $detail }）。
verify-untrusted-issuer = 证书的颁发者在此处不受信任。
verify-certificate-unsuitable = 证书不适用于此用途（{ $detail }）。
verify-timestamp-broken = 时间戳已损坏（{ $detail }）。
verify-timestamp-differs = 时间戳不属于这个签名。
verify-timestamp-algorithm = 时间戳使用了不被接受的算法（{ $detail }）。
verify-timestamp-untrusted = 时间戳来自“{ $detail }”，在此处不受信任。
verify-forbidden-change = 签署之后有不允许的改动（{ $detail }）。
verify-changes-unknown = 签署之后的改动无法判断（{ $detail }）。
verify-change-after-final-signature = 在不允许改动的签名之后又增加了内容。
verify-form-field-changed = 签署之后表单域被改动：{ $detail }。
verify-unsupported-format = 不支持该签名的格式（{ $detail }）。
verify-signature-malformed = 签名的结构有误（{ $detail }）。
verify-signature-broken = 签名与文件不符：文件或签名被改动过。
verify-weak-digest = 签名使用了已不安全的摘要算法（{ $detail }）。
verify-not-pades = 签名完好，但不是 PAdES 形式。
verify-trailing-bytes = 文件末尾之后还有任何签名都没有覆盖的内容。
verify-part-broken = OFD 文件中的部件缺失或已损坏（{ $detail }）。
verify-package-broken = OFD 文件已损坏，无法读取（{ $detail }）。
verify-package-too-large = OFD 文件过大，无法查验。
verify-duplicate-part = OFD 文件中有同名部件，不同软件可能显示不同内容：{ $detail }。
verify-signature-list-missing = 文件声明有签名，但签名列表缺失（{ $detail }）。
verify-signature-value-missing = 签名值缺失。
verify-signed-description-changed = 签名所列的保护内容在签署后被改动。
verify-reference-changed = 签署之后被改动：{ $detail }。
verify-reference-missing = 签署之后被删除：{ $detail }。
verify-uncovered-part = 不在该签名保护范围内：{ $detail }。
verify-seal-broken = 印章“{ $detail }”与制章人签署的不一致。
verify-seal-expired = 用章时印章已失效（有效期至 { $detail }）。
verify-seal-not-yet-valid = 用章时印章尚未生效（自 { $detail } 起有效）。
verify-signer-not-owner = 签章人不在印章“{ $detail }”的使用人之列。
verify-seal-maker-untrusted = 制章人在此处不受信任（{ $detail }）。
verify-seal-file-differs = 印章文件不是文件上所盖的印章。
verify-certificate-missing = 签名中没有证书，无法确认签署人。
verify-certificate-expired-since = 证书现已过期（{ $detail }），且没有时间戳证明签署在此之前。
verify-signed-in-future = 声明的签署时间在将来（{ $detail }）。
verify-not-readable-inside = PDF 设有密码；其中有该签名，但无法查验。
error-placement-near-ready = 第 { $page } 页已为印章预留位置，与所选位置部分重叠。请选用预留位置，或移开一些。
error-straddle-needs-pages = 骑缝章至少需要两页，该文件只有 { $pages } 页。
error-keyword-not-found = 文件中找不到“{ $keyword }”。
error-anchor-not-found = 文件中没有名为“{ $anchor }”的定位点。
error-seal-people-overlap = 印章的保管人、使用人和监督人必须是不同的人。
seal-legal_representative = 法定代表人章
seal-free = 其他专用章
error-seal-change-not-possible = 印章目前的状态不允许此项变更。
error-seal-change-open = 该印章已有一项变更等待同意，请先处理。
error-seal-change-same-person = 自己提出的变更须由另一人同意。
error-seal-change-done = 此项变更已经处理过了。
seal-change-create = 申请刻制
seal-change-activate = 接收启用
seal-change-suspend = 停用
seal-change-resume = 恢复使用
seal-change-lose = 挂失
seal-change-destroy = 销毁
seal-change-hand_over = 保管移交
seal-change-people = 变更使用人和监督人
seal-outcome-agreed = 已同意
seal-outcome-refused = 已拒绝
seal-outcome-withdrawn = 已撤回
seal-outcome-open = 待同意
notice-seal-change-asked = 印章“{ $seal }”有一项变更等您同意：{ $kind ->
    [create] 申请刻制
    [activate] 接收启用
    [suspend] 停用
    [resume] 恢复使用
    [lose] 挂失
    [destroy] 销毁
    [hand_over] 保管移交
   *[people] 变更使用人和监督人
}（{ $reason }）
notice-seal-change-agreed = 印章“{ $seal }”的变更已获同意：{ $kind ->
    [create] 申请刻制
    [activate] 接收启用
    [suspend] 停用
    [resume] 恢复使用
    [lose] 挂失
    [destroy] 销毁
    [hand_over] 保管移交
   *[people] 变更使用人和监督人
}（{ $reason }）
notice-seal-change-refused = 印章“{ $seal }”的变更被拒绝：{ $kind ->
    [create] 申请刻制
    [activate] 接收启用
    [suspend] 停用
    [resume] 恢复使用
    [lose] 挂失
    [destroy] 销毁
    [hand_over] 保管移交
   *[people] 变更使用人和监督人
}（{ $reason }）
