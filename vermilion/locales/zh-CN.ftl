error-set-up-code-wrong = 这不是终端上显示的代码，请逐组核对。
error-master-key-missing = { $home } 曾经使用过，但主密钥文件不见了。请放回 master.key，或者用恢复密钥把备份恢复到一个空文件夹。
error-database-newer = 数据库由更新版本的 Vermilion 写入（版本 { $revision }），请安装该版本或更新的版本。
error-not-a-demo = { $home } 中是正式系统。请用 vermilion serve 启动，或者用 VERMILION_HOME 为演示另选一个文件夹。
error-file-not-readable = 无法读取 { $file }：{ $reason }
error-trust-not-readable = { $file } 中没有 PEM 或 DER 格式的证书。
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
