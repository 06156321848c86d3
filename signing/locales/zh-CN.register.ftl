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
