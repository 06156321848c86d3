## Navigation and frame
nav-to-do = 待办
nav-apply = 申请
nav-search = 搜索
nav-archive = 档案
nav-me = 我的
nav-register = 用印登记簿
nav-verify = 验证文件
nav-people = 人员
nav-seals = 印章
nav-backups = 备份
nav-health = 运行状况
nav-main = 主导航
nav-areas = 工作区
nav-breadcrumb = 所在位置
nav-skip = 跳到正文
product-name = 朱印 Vermilion
product-motto = 文件归档与电子用印
header-search = 搜索文件、审批单、用印记录
header-search-hint = 按 / 键搜索
header-language = 语言
header-theme = 外观
header-help = 帮助
header-menu = 个人菜单
language-zh-CN = 中文
language-en = English
theme-light = 浅色
theme-dark = 深色
theme-system = 跟随系统
sign-out = 退出登录
demo-notice = 演示环境：人员、印章和证书均为虚构，不具法律效力。

## Errors of pages
page-error-title-404 = 找不到页面
page-error-title-403 = 没有权限
page-error-title-500 = 出错了
page-error-title-other = 无法完成
page-error-request = 请求的内容不完整或格式不对，请返回后重试。
page-error-number = 编号 { $number }，时间 { $time }
page-error-home = 回到待办
page-error-back = 返回上一页
error-form-out-of-date = 这个页面已经过期，请返回并刷新后再提交；输入的内容仍在页面上。
alert-title = 没有完成
connection-lost = 网络断开了，内容没有丢失，连接恢复后请再试一次。

## Signing in
sign-in-title = 登录
sign-in-username = 用户名
sign-in-password = 密码
sign-in-do = 登录
sign-in-lead = 请使用单位账号登录
sign-in-verify = 不登录，直接验证文件
sign-in-show-password = 显示密码
sign-in-forgot = 忘记密码时请联系管理员重新设置。
