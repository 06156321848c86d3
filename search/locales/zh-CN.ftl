error-index-busy = 另一个进程正在写入搜索索引，请稍后再试。
error-index-unavailable = 搜索暂时没有响应（{ $reason }），请稍后再试。
