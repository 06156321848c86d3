## Navigation and frame
nav-to-do = To do
nav-apply = Apply
nav-search = Search
nav-archive = Archive
nav-me = Me
nav-register = Seal register
nav-verify = Verify a file
nav-people = People
nav-seals = Seals
nav-backups = Backups
nav-health = Health
nav-main = Main navigation
nav-areas = Areas
nav-breadcrumb = Where you are
nav-skip = Skip to the content
product-name = Vermilion 朱印
product-motto = Document archive with electronic seals
header-search = Search documents, cases, seal records
header-search-hint = Press / to search
header-language = Language
header-theme = Theme
header-help = Help
header-menu = Your menu
language-zh-CN = 中文
language-en = English
theme-light = Light
theme-dark = Dark
theme-system = As the system
sign-out = Sign out
demo-notice = Demonstration: people, seals and certificates are made up and have no legal force.

## Errors of pages
page-error-title-404 = Not found
page-error-title-403 = Not allowed
page-error-title-500 = Something went wrong
page-error-title-other = This could not be done
page-error-request = The request was incomplete or malformed. Go back and try again.
page-error-number = Number { $number }, time { $time }
page-error-home = Go to your to-dos
page-error-back = Go back
error-form-out-of-date = This page is out of date. Go back, reload it and send it again; what you typed is still there.
alert-title = Not done
connection-lost = The connection was lost. Nothing is lost; try again when it is back.

## Signing in
sign-in-title = Sign in
sign-in-username = User name
sign-in-password = Password
sign-in-do = Sign in
sign-in-lead = Sign in with your organisation account
sign-in-verify = Verify a file without signing in
sign-in-show-password = Show password
sign-in-forgot = If you forgot your password, ask your administrator for a new one.
