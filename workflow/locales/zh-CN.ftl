error-flow-invalid = 流程定义不能使用：{ $place }：{ $reason }
error-form-invalid = 有 { $count } 项需要您补充或修改。
error-field-missing = 请填写此项。
error-field-not-understood = { $kind ->
    [money] 请输入金额，例如 1234.50。
    [integer] 请输入整数。
    [date] 请输入日期。
    [choice] 请选择其中一项。
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
sheet-title-round = { $serial } 审批表（续页 { $round }）
decision-approved = 批准
decision-returned = 退回
decision-rejected = 拒绝
decision-sealed = 用印
