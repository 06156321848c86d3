error-authority-not-ready = 目前无法签名：{ $reason }。需要管理员检查证书；您填写的内容已保留。
error-timestamp-unavailable = 没有时间戳机构给出可用的答复：{ $reason }。已签署的文件已列入等候，稍后补加时间戳。
error-certificate-not-usable = 证书 { $subject } 不能用于签名：{ certificate-word-state }。请联系管理员。
error-certificate-act-refused = { $state ->
    [offline] 根密钥在离线机器上，请改为向其发出请求。
   *[other] 该证书的状态（{ $state }）不允许此操作。
}
error-certificate-unfit = 此证书不能使用：{ $reason ->
    [unreadable] 不是 PEM 或 DER 格式的证书
    [not-a-root] 不是根证书，即并非自签或无权签发其他证书
    [expired] 已过期
    [not-yet] 尚未生效
    [password] 密码不正确，或文件不是 PKCS#12
    [no-key] 文件中没有私钥及其证书
    [algorithm] 算法不是 P-256、P-384、P-521 或 2048 位以上的 RSA
    [key-differs] 私钥与证书不匹配
    [usage] 密钥用途不允许签署文件
    [is-authority] 这是认证机构自身的证书
    [untrusted] 证书链不通向任何受信任用于签名的外部根证书；管理员可以添加该根证书
    [too-large] 文件过大，或其加密运算耗时过长
    [revoked] 已被吊销或暂停
    [unsuitable] 该证书或其上级证书不能这样使用（{ $detail }）
    [no-entity] 证书未表明属于单位：通用名称不是单位名称，也没有电子印章声明
    [in-use] 其密钥在此已属于他人或另一枚印章
    [names-another] 证书上的名称是“{ $named }”，与新持有人的姓名或名称、邮箱、信用代码均不符
    [no-certificate] 令牌中此密钥旁没有证书
    [list-unreadable] 不是 PEM 或 DER 格式的吊销列表
    [list-untrusted] 签发此列表的机构不通向任何受信任的外部根证书；请添加该根证书，或随列表提供该机构的证书
    [list-partial] 这只是另一份列表的一部分
    [list-expired] 此列表已过期
    [list-older] 现有的列表更新
   *[other] { $reason }
}。
error-request-unfit = 不相符：{ $reason ->
    [unreadable] 不是所需的文件
    [newer] 由更新版本的程序生成
    [no-request] 此处没有待答复的请求
    [other-key] 答复对应的是另一个请求或另一个密钥
    [no-certificate] 其中没有签发机构的证书
    [broken-signature] 其中的签名无效
    [not-ours] 来自或针对另一个根证书
    [fingerprint] 根证书的 SHA-256 与输入的不一致
    [constraints] 证书缺少认证机构证书应有的内容
    [addresses] 证书中的列表和证书地址与请求不一致
    [weak-key] 其中的密钥强度不足
    [partial-list] 其中的吊销列表不完整
    [forgets] 其中的吊销列表缺少此处已吊销的证书；请重新生成请求并交给根
    [older] 现有的列表不比它旧
    [expired] 已过期或即将到期
    [not-yet] 尚未生效；离线机器的时钟可能偏快
    [password] 口令不正确，或文件已损坏
    [passphrase-short] 口令至少需要 12 个字符
    [exists] 文件夹中已有根证书
    [no-root] 文件夹中没有根证书
    [root-here] 根密钥就在本服务器上，无需请求
    [root-away] 根密钥不在本服务器上
    [changed] 期间有改动；请删除刚写出的文件夹后重试
    [not-confirmed] 未经确认
   *[other] { $reason }
}。
certificate-word-state = { $state ->
    [held] 已暂停
    [revoked] 已吊销
    [expired] 已过期
   *[other] { $state }
}
notice-certificate-renewed = 原定于 { $day } 到期的证书“{ $subject }”已续期，密钥和 PIN 不变。
notice-certificate-ending = 导入的证书“{ $subject }”将于 { $day } 到期，请在此之前导入新证书。
notice-certificate-brought = 今后您使用证书“{ $subject }”签名。如非本人操作，请立即告知管理员。
notice-certificate-revoked-outside = 证书“{ $subject }”已被其颁发机构吊销或暂停，不能再用于签名。
pki-outside-unknown = 没有“{ $issuer }”的有效吊销列表：无法确认“{ $subject }”（{ $owner }）是否仍然有效，其签名无法长期证明。请提供该列表，或设置 VERMILION_REVOCATION_URL。
pki-outside-fetching = 无法获取吊销列表 { $name }：{ $reason }
notice-root-list-ending = 离线根的吊销列表将于 { $day } 到期，之后将无法签名。请生成请求，交给离线机器并安装其答复。
notice-root-issuing-due = 签发机构将于 { $day } 到期，应有后继证书。请向离线根发出请求。
pki-crl-good = 所有吊销列表均为最新，最早的有效至 { $day }。
pki-crl-late = 吊销列表 { $name }.crl 本应已更新，现有效至 { $day }。后台任务在运行吗？
pki-crl-overdue = 吊销列表 { $name }.crl 已于 { $day } 过期。在发布新列表之前无法签名。
pki-crl-offline-ending = 离线根的吊销列表 { $name }.crl 将于 { $day } 到期，请生成请求，交给离线机器并安装其答复。
pki-crl-lacks = 离线根的吊销列表 { $name }.crl 尚未包含此处已吊销的证书。请生成请求，交给离线机器并安装其答复。
pki-root-asked = 自 { $day } 起有一个致离线根的请求在等候答复。
pki-issuing-due = 签发机构将于 { $day } 到期，应有后继证书。请向离线根发出请求。
pki-certificate-missing = 认证机构缺少可用的证书：{ $role }。
pki-certificate-ending = 认证机构的证书（{ $role }）将于 { $day } 到期。
pki-timestamps-waiting = 自 { $since } 起有 { $count } 份已签文件在等候时间戳。最近的答复：{ $reason }
pki-timestamps-failing = 时间戳机构 { $name } 未正常答复：{ $reason }
pki-timestamps-untrusted = 没有受信任的外部时间戳根证书，无法确认时间戳来自谁。请添加该机构的根证书。
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
verify-timestamp-differs = 时间戳不属于这个签名，在此不作数。
verify-timestamp-algorithm = 时间戳使用了不被接受或已不再被接受的算法（{ $detail }）。
verify-timestamp-untrusted = 时间戳来自“{ $detail }”，在此处不受信任。
verify-forbidden-change = 签署之后有不允许的改动（{ $detail }）。
verify-changes-unknown = 签署之后的改动无法判断（{ $detail }）。
verify-change-after-final-signature = 在不允许改动的签名之后又增加了内容。
verify-form-field-changed = 签署之后表单域被改动：{ $detail }。
verify-unsupported-format = 不支持该签名的格式（{ $detail }）。
verify-signature-malformed = 签名的结构有误（{ $detail }）。
verify-signature-broken = 签名与文件不符：文件或签名被改动过。
verify-algorithm-ended = 签名使用了已不安全的算法，且没有证据表明它是在该算法仍然安全时作出的（{ $detail }）。
verify-certificate-algorithm = 证书使用了已不安全的算法，且没有证据表明它在该算法仍然安全时已经存在（{ $detail }）。
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
seal-change-key = 更换密钥
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
    [key] 更换密钥和证书
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
    [key] 更换密钥和证书
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
    [key] 更换密钥和证书
   *[people] 变更使用人和监督人
}（{ $reason }）
verify-covers-part = 该签名没有覆盖文件的某个完整状态，只覆盖了一部分。
verify-signature-removed = 签名域“{ $detail }”中原有签名，现已被移除。
verify-signature-doubled = 签名域“{ $detail }”中的签名重复出现。
verify-certification-not-first = 认证签名必须是第一个且唯一，此处不是。
verify-several-signers = 一个签名中有 { $detail } 个签署人，PDF 不允许这样。
verify-timestamp-from-future = 时间戳的时间为 { $detail }，晚于可以证明的时间。
verify-timestamp-outside-certificate = 加盖时间戳时，“{ $detail }”的证书不在有效期内。
verify-change-to-look-at = 需要人工查看：{ $detail }。
verify-unlisted-bytes = 之后的修订中有未列入其对象表的内容，不同软件可能显示不同内容。
verify-has-layers = 所签文件含有可以显示或隐藏的图层。
verify-has-actions = 所签文件会自动执行动作，例如脚本。
verify-has-xfa = 所签文件含有动态表单（XFA），显示可能与页面不同。
verify-spare-content = 所签文件中有未显示的内容（{ $detail }），之后的修订可能把它换上。
change-on-page = { $text }（第 { $page } 页）
change-signature-added = 在签名域“{ $field }”中增加了签名
change-timestamp-added = 增加了文档时间戳
change-signature-field-added = 增加了空白签名域“{ $field }”
change-certification-added-later = 在其他签名之后又增加了认证签名（签名域“{ $field }”）
change-visible-signature-after-certification = 文件认证后增加了可见签名“{ $field }”
change-signature-covers-signature = 签名“{ $field }”压在其他签名上
change-locked-field-changed = 已锁定的域“{ $field }”被改动
change-change-after-final-signature = 在不允许改动的签名之后增加了内容
change-validation-data-added = 增加了验证数据
change-validation-data-removed = 删除或替换了验证数据
change-metadata-changed = 文档信息被改动
change-seal-slice-filled = 加盖了骑缝章的一部分
change-field-added = 增加了表单域“{ $field }”
change-field-removed = 表单域被删除或移动
change-field-value-changed = 表单域“{ $field }”的值由“{ $old }”改为“{ $new }”
change-field-changed = 表单域“{ $field }”被改动
change-signed-field-changed = 已签名的域“{ $field }”被改动
change-signature-field-changed = 签名域“{ $field }”未经签名即被改动
change-signed-value-changed = “{ $field }”中的签名被替换
change-appearance-changed = “{ $field }”的外观被改动
change-form-changed = 表单结构被改动
change-annotation-added = 增加了批注 { $new }
change-annotation-removed = 删除了批注
change-annotation-changed = 批注被改动
change-page-content-changed = 页面内容被改动
change-page-resources-changed = 页面的字体或图像被替换
change-page-changed = 页面被改动 { $new }
change-page-added = 增加了页面
change-page-removed = 删除了页面
change-pages-changed = 页面顺序被改动
change-font-changed = 字体被替换
change-image-changed = 图像或图形被替换
change-action-added = 增加了动作或脚本 { $new }
change-catalog-changed = 文档结构被改动 { $new }
change-catalog-replaced = 文档结构被替换 { $new }
change-object-stream-replaced = 对象容器被替换 { $new }
change-object-changed = 文档的某一部分被改动
verification-report = 签名查验报告
report-verdict-valid = 有效
report-verdict-invalid = 无效
report-verdict-indeterminate = 无法判定
report-verdict-unsigned = 未签名
report-file = 文件
report-checked = 查验时间
report-revisions = 文件状态数
report-evidence = 长期证据
report-true = 是
report-false = 否
report-none = –
report-problems = 问题
report-warnings = 需要留意
report-changes = 首个签名之后的增改
report-change = 状态 { $revision }：{ $change }
report-field = 签名域
report-signed = 声明的时间
report-stamped = 时间戳
report-reason = 签署意见
report-level = PAdES 级别
report-algorithm = 算法
report-intact = 完好
report-trusted = 身份已确认
report-covers = 覆盖范围
report-covers-file = 整个文件
report-covers-revision = 文件的一个完整状态
report-covers-part = 仅一部分
report-covers-unknown = 未知
report-after = 其后的改动
report-changes-none = 无
report-changes-allowed = 仅有允许增加的内容
report-changes-forbidden = 有不允许的改动
report-changes-unknown = 无法判定
report-entry = 用印登记簿
report-unknown = 未知签署人
report-type-approval = 签名
report-type-certification = 认证
report-type-seal = 印章
report-type-timestamp = 时间戳
report-footer = 本报告自身也已签名，仅针对具有上述摘要的文件。
error-signing-session-over = { $reason ->
    [unknown] 请重新输入签名 PIN：此处没有已打开的签名密钥。
    [digest] 输入签名 PIN时不包括这份文件，没有签名。
   *[ended] 您已退出登录、更改了签名 PIN或超过了时限，其余没有签名。请重新核对并输入签名 PIN。
}
error-pin-locked = PIN 输错次数过多，密钥已锁定。请在“我的”中申请更换密钥。没有签名。
error-token-not-assigned = PKCS#11 令牌“{ $token }”未分配给您，或已被收回。请联系管理员。没有签名。
error-token-not-free = { $reason ->
    [person] PKCS#11 令牌“{ $token }”已分配给他人。一个令牌只属于一个人，请先在该处收回。
    [seal] PKCS#11 令牌“{ $token }”存有印章密钥，个人须使用各自的令牌。
   *[server] PKCS#11 令牌“{ $token }”是服务器自用的令牌，个人须使用各自的令牌。
}
notice-signing-token-assigned = PKCS#11 令牌“{ $token }”已分配给您：可在“我的”中启用其中的密钥签名。如您并不知情，请告知管理员。
notice-signing-token-taken = PKCS#11 令牌“{ $token }”已收回，您不能再用其中的密钥签名。
error-replacement-not-open = 这里已没有可同意或可叫停的申请。
error-replacement-needs-other = { $reason ->
    [password] 您最近为此人重置过登录密码，须由其他人同意。
   *[oneself] 须由本人以外的人同意。
}
notice-pin-wrong-often = 您的签名 PIN 已输错 { $failures } 次，最近一次来自 { $address }。如非本人操作，请更改登录密码并告知管理员。
notice-pin-locked = PIN 输错次数过多，您的签名密钥已锁定，请申请更换密钥。
notice-pin-changed = 您的签名 PIN 已更改，其他登录均已退出。如非本人操作，请立即告知管理员。
notice-key-replacement-asked = 有人以您的名义申请更换签名密钥。如非本人操作，请叫停并更改登录密码。
notice-key-replacement-wanted = { $person } 因忘记 PIN 申请更换签名密钥。请先确认是本人提出，再同意或叫停。
notice-key-replacement-consented = { $person } 同意为您更换签名密钥。{ $due } 起可设置新的 PIN，此前您可以叫停。
notice-key-replacement-stopped = { $person } 叫停了签名密钥的更换，原密钥不变。
notice-key-replacement-done = 您已有新的签名密钥，原证书已吊销。如非本人操作，请立即告知管理员。
error-second-factor-needed = 此处要求第二验证，请输入动态码或使用通行密钥。没有签名。
error-second-factor-wrong = 动态码或通行密钥不正确，或已使用过。没有签名。
error-second-factor-missing = 您尚未设置第二验证，请在“我的”中设置。
notice-second-factor-added = 您的账号添加了第二验证。如非本人操作，请立即告知管理员。
notice-second-factor-removed = 您的账号移除了第二验证。如非本人操作，请立即告知管理员。
