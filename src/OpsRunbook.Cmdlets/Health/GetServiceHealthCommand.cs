using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Maintenance;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>Checks every service, database, cache, web server, certificate and host of a stack at once.</summary>
[Cmdlet(VerbsCommon.Get, "ServiceHealth", DefaultParameterSetName = "Stack")]
[OutputType(typeof(ServiceHealth))]
public sealed class GetServiceHealthCommand : StackCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of members of the stack, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ParameterSetName = "Stack", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Only members of these kinds.</summary>
    [Parameter(ParameterSetName = "Stack")]
    public MemberKind[] Kind { get; set; } = [];

    /// <summary>Checks an address instead of a stack: http, https, tcp, postgres, mysql, mariadb, mongodb, redis or rediss.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Uri")]
    [ValidateNotNullOrEmpty]
    public string[] Uri { get; set; } = [];

    /// <summary>User and password for the addresses of -Uri.</summary>
    [Parameter(ParameterSetName = "Uri")]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Longest time that any one check may take; a check whose own limit is shorter keeps that.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; }

    /// <summary>Checks members that are not healthy again until they are, or until this time is over.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan RetryFor { get; set; }

    /// <summary>Time between two tries of -RetryFor.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan RetryEvery { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Keeps checking and emits only what changes.</summary>
    [Parameter]
    public SwitchParameter Watch { get; set; }

    /// <summary>From the start of one round of -Watch to the start of the next.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Every { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Ends -Watch after this time. Without it: Ctrl+C does.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan For { get; set; }

    /// <inheritdoc/>
    protected override Task BeginAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        RequirePositive(Timeout);
        RequirePositive(RetryFor);
        RequirePositive(RetryEvery);
        RequirePositive(Every);
        RequirePositive(For);
        if (On(Watch) && IsBound(nameof(RetryFor)))
        {
            throw Unusable("-Watch and -RetryFor cannot be used together.", "Use -RetryFor to wait until all is well, -Watch to see that it stays so.");
        }

        return !On(Watch) && (IsBound(nameof(Every)) || IsBound(nameof(For)))
            ? throw Unusable("-Every and -For belong to -Watch.", "Add -Watch, or use -RetryFor and -RetryEvery to wait until all is well.")
            : Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        // Names from the pipeline are gathered, so that their members are checked all at once.
        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var session = Uri.Length > 0 ? TargetSession() : await OpenStackAsync(output, cancellationToken);
        var window = Uri.Length > 0 ? null : await WindowCheck.FindAsync(session, cancellationToken);
        var request = new HealthRequest
        {
            Further = window is null ? [] : [window],
            Names = _names,
            Kinds = Uri.Length > 0 ? [MemberKind.Service, MemberKind.Database, MemberKind.Cache] : Kind,
            Timeout = IsBound(nameof(Timeout)) ? Timeout : null,
            RetryFor = IsBound(nameof(RetryFor)) ? RetryFor : null,
            RetryEvery = RetryEvery,
            Watch = On(Watch),
            Every = Every,
            For = IsBound(nameof(For)) ? For : null,
        };
        await new HealthRunner(session, request, output).RunAsync(cancellationToken);
    }

    private StackSession TargetSession()
    {
        var stack = new OpsStack();
        var credential = Credentials(Credential);
        foreach (var uri in Uri)
        {
            HealthTarget.Add(stack, uri, credential);
        }

        return new StackSession(stack);
    }

    private static OpsException Unusable(string message, string nextStep) =>
        new("Health.ParameterInvalid", OpsErrorKind.InvalidArgument, message, nextStep);
}
