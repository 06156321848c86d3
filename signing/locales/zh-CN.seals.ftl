error-keeper-not-auditor = { $seal ->
    [none] 印章管理员不能同时担任审计员，请先结束其印章管理员角色。
   *[other] 此人保管着印章“{ $seal }”，不能担任审计员。请先移交印章并结束其印章管理员角色。
}
error-auditor-not-keeper = 审计员不能同时保管印章，请先结束其审计员角色。
error-print-missing = 图片中没有找到浅色纸面上的红色印迹。请在光线良好处从正上方单独拍摄或扫描印迹。
error-print-several = 图片中不止一枚印迹。请裁剪到只剩这一枚后重新上传。
error-print-too-coarse = 印迹只有 { $pixels } 像素，按 { $width_mm } × { $height_mm } 毫米计为 { $found } dpi，至少需要 { $needed } dpi。请以不低于 { $needed } dpi 扫描，或靠近拍摄，使印章宽度达到 { $wanted } 像素。
error-print-out-of-shape = 印迹的宽高比为 100 比 { $ratio }，与所填尺寸的 100 比 { $wanted } 不符。请填写真实的宽和高，或从正上方重新拍摄。
pki-signing-tokens-lost = 有 { $count } 人使用的 PKCS#11 令牌无法访问：请设置 VERMILION_PKCS11_MODULE，且 VERMILION_PKCS11_TOKEN 不得指向个人令牌。
pki-slot-keys-waiting = 有 { $count } 把印章不再使用的密钥仍在 PKCS#11 令牌中，令牌可用且无人再用该密钥签名时即予销毁。
