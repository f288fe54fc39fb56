using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>Sets what each instance of a service may use of memory and CPU. The result knows the way back.</summary>
[Cmdlet(VerbsCommon.Set, "OpsServiceLimit", SupportsShouldProcess = true, DefaultParameterSetName = "Name")]
[OutputType(typeof(ServiceLimitChange), typeof(OpsPlanStep))]
public sealed class SetOpsServiceLimitCommand : ServiceCmdlet
{
    private readonly List<ServiceLimitChange> _undo = [];

    /// <summary>Memory of each instance, such as <c>512MB</c>; 0 for no limit.</summary>
    [Parameter(ParameterSetName = "Name")]
    [SizeTransform]
    [ValidateRange(0, long.MaxValue)]
    public long Memory { get; set; }

    /// <summary>CPU of each instance in cores, such as 1.5; 0 for no limit.</summary>
    [Parameter(ParameterSetName = "Name")]
    [ValidateRange(0.0, 4096.0)]
    public double Cpus { get; set; }

    /// <summary>Only until the machine starts again; for systemd.</summary>
    [Parameter]
    public SwitchParameter Temporary { get; set; }

    /// <summary>Sets the old limits of a result of this command again.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Undo")]
    public SwitchParameter Undo { get; set; }

    /// <summary>The result whose old limits are set again.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Undo", ValueFromPipeline = true)]
    [ValidateNotNull]
    public ServiceLimitChange? InputObject { get; set; }

    private protected override bool WholeStack => _undo.Count > 0;

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        if (InputObject is not null)
        {
            _undo.Add(InputObject);
            return Task.CompletedTask;
        }

        return !IsBound(nameof(Memory)) && !IsBound(nameof(Cpus))
            ? throw new OpsException("Service.ParameterInvalid", OpsErrorKind.InvalidArgument, "There is no limit to set.", "Give -Memory 512MB, -Cpus 1.5, or both.")
            : base.ProcessAsync(output, cancellationToken);
    }

    private protected override async Task RunAsync(
        StackSession session, ChangeRunner changes, IReadOnlyList<ServiceTarget> targets, IOperationOutput output, CancellationToken cancellationToken)
    {
        var limiter = new ServiceLimiter(session, changes, output, Timeout);
        foreach (var change in _undo)
        {
            var target = targets.FirstOrDefault(target => target.Name == change.Name && target.Host == change.Host)
                ?? throw new OpsException("Service.MemberNotFound", OpsErrorKind.NotFound, $"The stack '{session.Stack.Name}' has no service '{change.Name}' on host '{change.Host}'.", "Name the stack that it was in with -Stack.", change.Name);
            await limiter.SetAsync(
                target,
                change.MemoryLimitBytes == change.PreviousMemoryLimitBytes ? null : change.PreviousMemoryLimitBytes ?? 0,
                change.CpuLimit == change.PreviousCpuLimit ? null : change.PreviousCpuLimit ?? 0,
                On(Temporary) || change is { Manager: ServiceManagerKind.Systemd, IsPersistent: false },
                cancellationToken);
        }

        foreach (var target in targets.Where(_ => _undo.Count == 0))
        {
            await limiter.SetAsync(
                target, IsBound(nameof(Memory)) ? Memory : null, IsBound(nameof(Cpus)) ? Cpus : null, On(Temporary), cancellationToken);
        }
    }
}
