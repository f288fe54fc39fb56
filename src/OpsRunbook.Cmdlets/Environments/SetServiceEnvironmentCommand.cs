using System.Management.Automation;
using System.Runtime.InteropServices;
using System.Security;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Environments;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>Sets or removes one environment variable of a service and sees that the running service has it.</summary>
[Cmdlet(VerbsCommon.Set, "ServiceEnvironment", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium, DefaultParameterSetName = "Value")]
[OutputType(typeof(ServiceEnvironmentChange))]
[OutputType(typeof(OpsPlanStep))]
public sealed class SetServiceEnvironmentCommand : ChangeCmdlet
{
    private readonly List<string> _names = [];
    private readonly List<ServiceEnvironmentChange> _undone = [];

    /// <summary>Service of the stack.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Value", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "SecureValue", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Reference", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Remove", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>Name of the variable.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = "Value")]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = "SecureValue")]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = "Reference")]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = "Remove")]
    [ValidateNotNullOrEmpty]
    public string Key { get; set; } = string.Empty;

    /// <summary>The value, when it is no secret.</summary>
    [Parameter(Mandatory = true, Position = 2, ParameterSetName = "Value")]
    [AllowEmptyString]
    public string Value { get; set; } = string.Empty;

    /// <summary>The value as a secret, as <c>Read-Host -AsSecureString</c> and <c>Get-Secret</c> give it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "SecureValue")]
    [ValidateNotNull]
    public SecureString? SecureValue { get; set; }

    /// <summary>Where the secret value comes from: <c>${env:NAME}</c>, <c>${file:/path}</c> or <c>${secret:vault/name}</c>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Reference")]
    [ValidateNotNullOrEmpty]
    public string FromReference { get; set; } = string.Empty;

    /// <summary>Takes the variable out of the file.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Remove")]
    public SwitchParameter Remove { get; set; }

    /// <summary>Puts back what earlier changes have changed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Undo")]
    public SwitchParameter Undo { get; set; }

    /// <summary>Results of earlier changes, for -Undo.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Undo", ValueFromPipeline = true)]
    [ValidateNotNull]
    public ServiceEnvironmentChange[] InputObject { get; set; } = [];

    /// <summary>The old value comes back by itself after this time.</summary>
    [Parameter(ParameterSetName = "Value")]
    [Parameter(ParameterSetName = "SecureValue")]
    [Parameter(ParameterSetName = "Reference")]
    [Parameter(ParameterSetName = "Remove")]
    [DurationTransform]
    public TimeSpan For { get; set; }

    /// <summary>Longest time to wait for the service to be healthy.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        _undone.AddRange(InputObject);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        RequirePositive(For);
        RequirePositive(Timeout);
        if ((IsBound(nameof(Remove)) && !On(Remove)) || (IsBound(nameof(Undo)) && !On(Undo)))
        {
            throw new OpsException("Environment.ParameterInvalid", OpsErrorKind.InvalidArgument, "-Remove and -Undo cannot be given as off.", "Give -Value, -SecureValue or -FromReference instead.");
        }

        await using var session = await OpenStackAsync(output, cancellationToken);
        var changes = await OpenChangesAsync(session, output, cancellationToken, Timeout);
        var setter = new ServiceEnvironmentSetter(session, changes, output, Fingerprints.Open(output), Timeout);
        foreach (var change in _undone)
        {
            await setter.UndoAsync(change, cancellationToken);
        }

        if (_names.Count == 0)
        {
            return;
        }

        var value = await ValueAsync(session, cancellationToken);
        foreach (var target in ServiceTargets.Select(session.Stack, _names.Distinct(StringComparer.OrdinalIgnoreCase).ToList(), output))
        {
            await setter.SetAsync(target, Key, value, !IsBound(nameof(Value)), IsBound(nameof(For)) ? For : null, cancellationToken);
        }
    }

    // Null takes the variable out.
    private async Task<string?> ValueAsync(StackSession session, CancellationToken cancellationToken)
    {
        if (SecureValue is { } secure)
        {
            var text = Marshal.SecureStringToGlobalAllocUnicode(secure);
            try
            {
                return Marshal.PtrToStringUni(text) ?? string.Empty;
            }
            finally
            {
                Marshal.ZeroFreeGlobalAllocUnicode(text);
            }
        }

        if (!IsBound(nameof(FromReference)))
        {
            return IsBound(nameof(Value)) ? Value : null;
        }

        var reference = SecretReference.Parse(FromReference);
        return reference.Source != SecretSource.Plain
            ? await session.SecretAsync(reference, cancellationToken)
            : throw new OpsException(
                "Secret.ReferenceInvalid", OpsErrorKind.InvalidArgument, "-FromReference takes a reference, not the secret itself.", "Write for example '${env:API_KEY}', in single quotes.");
    }
}
