error-flow-invalid = 流程定义不能使用：{ $place }：{ $reason }
error-form-invalid = 有 { $count } 项需要您补充或修改。
error-field-missing = 请填写此项。
error-field-not-understood = { $kind ->
    [money] 请输入金额，例如 1234.50。
    [integer] 请输入整数。
    [date] 请输入日期。
    [choice] 请选择其中一项。
    [category] 请为每张发票选择费用类别。
   *[other] 此处不能使用这个内容。
}
error-field-out-of-range = 请填写 { $minimum } 到 { $maximum } 之间的数值。
error-field-too-long = 最多 { $longest } 个字。
error-too-many-documents = 最多添加 { $most } 个文件。
error-document-not-usable = “{ $title }”不能使用：尚未处理完、不是可读的文件，或者不属于您。
error-document-busy = “{ $title }”正在 { $serial } 中签署，请等待该审批单结束。
error-seal-not-chosen = 请选择一枚可用的印章。
error-no-approver = 没有人可以办理您的“{ $step }”节点。请联系管理员指定人员，您填写的内容已存为草稿。
error-task-finished = 该事项已经办理，没有任何改动。
error-not-your-task = 该事项由他人办理。
error-comment-needed = 请写明原因，让申请人知道该怎么做。
error-stale-page = 页面显示之后审批单已有变化。没有任何签名，请重新查看。
error-outcome-not-possible = 该事项不能这样办理。
error-transition-not-allowed = 审批单目前的状态不能这样做（{ $state ->
    [running] 进行中
    [returned] 已退回
    [completed] 已完成
    [rejected] 已拒绝
   *[withdrawn] 已撤回
}）。
error-text-too-long = 最多 { $longest } 个字。
sheet-footer = 由 Vermilion 朱印生成；以电子签名为准
sheet-title = { $serial } 审批表
sheet-title-continuation = { $serial } 审批表（续页 { $number }）
decision-approved = 批准
decision-returned = 退回
decision-rejected = 拒绝
decision-sealed = 用印

error-invoice-twice = { $number ->
    [none] 有一张发票列了两次。
   *[other] 发票 { $number } 列了两次，只需保留一个文件。
}
error-invoice-not-read = “{ $title }”不是发票，请在此处作为发票上传。
error-invoice-changed = “{ $title }”刚刚被更正，请核对后重新提交。
error-invoice-broken = “{ $title }”的签名或印章已失效：文件在开具之后被改动。请向销售方索取原件，或请财务特批。
error-invoice-claimed = { $serial ->
    [none] 发票 { $number } 已经报销。
   *[other] 发票 { $number } 已在 { $serial } 中报销。
}
error-invoice-being-claimed = { $serial ->
    [none] 发票 { $number } 正在另一张报销单中。
   *[other] 发票 { $number } 正在 { $serial } 中报销。
}
error-claim-amount-missing = 请填写发票 { $number } 的报销金额（人民币元）：未能读出价税合计，或币种不是人民币。
error-claim-amount-wrong = { $total ->
    [none] 请核对发票 { $number } 的报销金额：应大于零，红字发票应小于零。
   *[other] 请核对发票 { $number } 的报销金额：应在零与价税合计 { $total } 元之间。
}
error-claim-sum-wrong = 各张发票合计 { $sum } 元，合计应大于零。请填写这一金额，或留空自动合计。
error-claim-late = 以下发票已超过 { $days } 个工作日：{ $invoices }。请填写逾期说明。
error-not-claimed = 这张发票没有报销记录。
release-event-rejected = 已驳回
release-event-withdrawn = 已撤回
release-event-replaced = 重新提交时移除
release-event-released = 财务解除
folder-state-unclaimed = 未报销
folder-state-claiming = 报销中
folder-state-claimed = 已报销
folder-state-rejected = 已驳回
claim-remark = 第 { $number } 行：{ $remark }
claim-corrected = 以下项目经人工更正：{ $fields }
claim-override = 签名或印章已失效，财务特批：{ $reason }
claim-foreign = 外币发票（{ $currency } { $total }），报销金额为人民币
claim-appendix = 附件 { $number }/{ $count } · 发票 { $invoice } · 第 { $page } 页，共 { $pages } 页
error-not-a-contract = 此审批单中没有对应的合同，无法添加对方签署的副本。
error-copy-taken = “{ $title }”就是该合同本身，或已是另一份合同的副本。请把对方签署的文件单独上传后再添加。
error-seal-not-for-you = 您不能申请使用“{ $seal }”：保管人和监督人不得申请，或您不在使用人名单中。
error-batch-runs = 这些事项正在签署，请等待完成。
error-task-waits = 该事项正在等待加签人办理，之后会回到您这里。
error-adding-not-allowed = 流程规定“{ $step }”节点不能加签。
error-nobody-added = 请选择 1 到 { $most } 位加签人。
error-cannot-approve = { $why ->
    [applicant] { $name } 是申请人，不能审批自己的申请。
    [twice] { $name } 已在本轮办理，或将要办理。
   *[unknown] 所选人员中有人不能在本单位审批。
}
sheet-added-box = 加签意见 · { $name }
sheet-added-step = 加签节点
sheet-added-by = 加签发起人
sheet-added-kind = 加签方式
sheet-added-before = 前加签：加签人先审批，之后由发起人审批
sheet-added-after = 后加签：发起人已审批，之后由加签人审批
sheet-added-whom = 加签人
sheet-added-reason = 加签理由
sheet-added-at = 发起时间
notice-approvers-added = { $person } 在 { $serial } 中加签：{ $people }。
