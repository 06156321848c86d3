error-set-up-code-wrong = 这不是终端上显示的代码，请逐组核对。
error-master-key-missing = { $home } 曾经使用过，但主密钥文件不见了。请放回 master.key，或者用恢复密钥把备份恢复到一个空文件夹。
error-database-newer = 数据库由更新版本的 Vermilion 写入（版本 { $revision }），请安装该版本或更新的版本。
error-not-a-demo = { $home } 中是正式系统。请用 vermilion serve 启动，或者用 VERMILION_HOME 为演示另选一个文件夹。
error-file-not-readable = 无法读取 { $file }：{ $reason }
error-trust-not-readable = { $file } 中没有 PEM 或 DER 格式的证书。
error-report-needs-set-up = 验证报告由已初始化的系统签名，而此目录从未初始化；没有生成任何内容。不带 --report 时仍可检查该文件。
recovery-key-title = 本系统的恢复密钥（只在此时显示一次）：
recovery-key-explained =
    请抄写下来并保存在这台机器以外的地方。只有凭它才能恢复备份，
    今后任何人都无法再次查出。
serving-at = Vermilion 已启动：{ $address }（按 Ctrl+C 停止）
set-up-needed = 系统尚未初始化。请打开 { $address }/set-up 并输入代码：
demo-title = 演示单位：{ $name }
demo-username = 用户名
demo-password = 密码
demo-pin = 签名 PIN
demo-person = 姓名
demo-roles = 角色
demo-making = 正在准备演示单位
demo-hint = 请在 { $address } 登录。这里的一切都是虚构的，并带有演示标记。
demo-running-already = 已有服务在使用这个文件夹，未再启动。
head-of = { $department }负责人
audit-whole = 审计记录完整：每一条都与前一条相符。
audit-broken = 审计记录在第 { $sequence } 条处不符（{ $reason }）。
backup-verified = { $name }：完整，{ $objects } 个对象的摘要全部相符。
backup-restored = { $name } 已恢复，共 { $objects } 个对象。请用 vermilion serve 启动。
doctor-disk = 剩余 { $gigabytes } GB
doctor-no-master-key = 尚未生成，首次启动时会生成
doctor-key-mode = master.key 可被他人读取（权限 { $mode }），请改为 600
doctor-key-good = 存在，仅所有者可读
doctor-not-set-up = 尚未初始化，请运行 vermilion serve 并打开初始化页面
doctor-audit = 完整，共 { $entries } 条
doctor-jobs = { $waiting } 个等待，{ $failed } 个已放弃
doctor-backup = 最近一次在 { $day }
doctor-no-backup = 还没有备份，请运行 vermilion backup run
doctor-answers = 正常
doctor-search = { $engine } 正常：{ $records } 条记录，{ $megabytes } MB
doctor-search-building = 索引正在建立，未作比较
doctor-search-rebuilding = 正在另建索引，或者重建曾被中断；如并无重建在进行，请运行 vermilion reindex
doctor-search-refused = 索引不接受 { $count } 条，只能在列表中找到：{ $named }
export-cut = 结果超出一个文件的容量，文件中只有前 { $count } 条，请缩小搜索范围。
saved-search-name = 名称
saved-search-query = 搜索
saved-search-notices = 提醒
saved-search-new = 新结果
reindex-refused = 索引不接受 { $record }：{ $reason }
doctor-search-same = 与数据库一致
doctor-search-missing = 索引缺少 { $count } 条：{ $named }；请运行 vermilion reindex
doctor-search-outdated = 索引中有 { $count } 条已过时：{ $named }；请运行 vermilion reindex
doctor-search-left-over = 索引中有 { $count } 条在数据库中已不存在：{ $named }；请运行 vermilion reindex
master-key-rotating = 正在用新的主密钥重新加密
master-key-rotated = 主密钥已更换：重新加密 { $count } 项。
master-key-backup = 请抄写新的恢复密钥，并立即做一次全量备份。在更换之前所做的备份仍须用旧的恢复密钥打开，请一并保存。
master-key-elsewhere = 主密钥来自环境变量。请用 “vermilion master-key new” 生成新密钥并设为 VERMILION_MASTER_KEY，把现用密钥设为 VERMILION_MASTER_KEY_PREVIOUS，重启后再运行本命令。
master-key-drop-previous = 请去掉 VERMILION_MASTER_KEY_PREVIOUS 并重启，并立即做一次全量备份；更换之前的备份仍须用旧密钥打开。
offline-passphrase = 根的口令
offline-request = 请求 { $number }
    文件的 SHA-256：{ $digest }
    请与服务器上显示的核对。
offline-asks-issuing = 请求签发机构的证书：“{ $name }”
      { $subject }
      密钥 { $key }，列表地址 { $url }
offline-asks-list = 请求一份吊销列表。{ $count ->
    [0] 没有已吊销的证书。
   *[other] 已吊销 { $count } 张证书：
}
offline-answer-sure = 以上是否正确，是否由根签署？
offline-answered = 答复已写出，其中的列表有效至 { $day }。
    根证书的 SHA-256：{ $root }
offline-move-sure = 根密钥将永久离开本服务器，此后根的吊销列表只能由离线机器提供。继续吗？
offline-moved = 密钥已在 { $folder } 中，不再存于本服务器。请将该文件夹存于两份介质带走，口令另行保管，然后删除此处的文件夹。此前的备份仍含有由主密钥保护的根密钥：请用 “vermilion master-key rotate” 更换主密钥，并在不再需要时删除那些备份。
import-password = 文件密码
