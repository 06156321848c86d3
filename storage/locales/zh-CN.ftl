error-object-missing = 档案存储中找不到该文件（{ $digest }），请告诉管理员。
error-object-damaged = 存储的文件已损坏（{ $digest }）。没有任何改动；管理员可以从备份中恢复。
error-object-too-large = 文件超过 { $limit } 字节。
error-object-retained = 文件仍在法定保管期内或已被冻结，不能删除。
error-storage-full = 档案存储空间已满，内容没有保存。请在管理员清理空间后重试。
error-storage-unavailable = 档案存储暂时没有响应，内容没有保存。请稍后重试。
