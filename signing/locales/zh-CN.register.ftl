# 审计记录、哈希树与树头
trail-whole = 完整无误：审计条目 { $entries } 条，用印登记 { $records } 条，树头 { $heads } 个，另存的树头 { $anchors } 个。
trail-waiting = 待发送
trail-missing = 审计条目 { $entry } 缺失。
trail-payload = 审计条目 { $entry } 的内容在写入之后被改动过。
trail-chain = 审计条目 { $entry } 与前一条衔接不上：被改动、调换或事后插入。
trail-tree = 审计条目 { $entry } 与哈希树当初收录的不同：自此处起历史被改写。
trail-end = 审计记录的末尾与其所载不符；下一条应为 { $entry }。
trail-head-form = 树头 { $subject } 的文本与其记录不一致。
trail-head-order = 树头 { $subject } 与前一个衔接不上：有树头被取走、插入或改动。
trail-head-root = 树头 { $subject } 所载历史与现有记录不同：审计条目 { $entry } 之中有被改动、删除、调换或插入的。
trail-head-ahead = 树头 { $subject } 所载条目多于现有条目：{ $entry } 已不存在。
trail-head-signature = 树头 { $subject } 的签名无效，或不是本系统所签。
trail-head-token = 树头 { $subject } 的时间戳无效。
trail-head-unknown = { $subject } 中的树头不在本系统保存的树头之中。
trail-register-gap = 登记 { $subject } 的编号与前一条不连续。
trail-register-changed = 登记 { $subject } 在审计条目 { $entry } 记载之后被改动过。
trail-register-unknown = 登记 { $subject } 没有审计条目记载。
trail-register-missing = 登记 { $subject } 已不存在，而审计条目 { $entry } 有记载。
trail-register-twice = 登记 { $subject } 被审计条目 { $entry } 重复记载。

error-audit-trail-broken = 审计记录在第 { $sequence } 条处衔接不上。查明之前不再生成树头，请运行“vermilion audit verify”。
error-head-not-understood = { $file } 不是朱印的树头文件。
error-head-not-delivered = { $target } 未能接收树头：{ $reason }。

# 用印登记簿
notice-correction-asked = { $person }申请更正用印登记 { $number }，请您确认或驳回。
notice-correction-confirmed = { $person }已确认您对 { $number } 的更正。
notice-correction-refused = { $person }驳回了您对 { $number } 的更正。
notice-scan-overdue = { $number }《{ $title }》：盖章页的照片或扫描件已逾期未交，请补传到登记簿。
notice-seal-lent = { $person }将印章“{ $seal }”借给您，至 { $due }。用它盖的每份打印件都须登记。
notice-loan-overdue = 印章“{ $seal }”由{ $person }借出，应于 { $due } 前归还，现已逾期。

error-correction-waits = 该条登记已有一项更正在等待第二人确认，请先处理。
error-correction-decided = 该项更正已处理过，请刷新页面。
error-nothing-corrected = 与登记内容相同，请至少修改一项。
error-not-correctable = 更正条目本身不能再更正，请更正它所指的那一条。
error-second-person-needed = 提出更正的人和用印人不能自己确认，须由另一位审计员或管理员确认。
error-too-many-copies = 审批单最多允许 { $most } 份，至少盖一份。
error-seal-is-out = 印章“{ $seal }”已借给{ $borrower }，归还之前只能由其使用。
error-not-stamped-by-hand = 只有线下盖章的登记才需要照片或扫描件。
error-loan-over = 该印章已经归还。
error-return-in-the-past = 请填写以后的日期，最长一年。
