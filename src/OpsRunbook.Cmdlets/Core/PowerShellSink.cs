using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Net;

namespace OpsRunbook.Cmdlets;

/// <summary>The sink of a cmdlet that runs in PowerShell.</summary>
internal sealed class PowerShellSink(PSCmdlet cmdlet) : ICmdletSink
{
    public string CommandName => cmdlet.MyInvocation.MyCommand.Name;

    public string WorkingDirectory => cmdlet.SessionState.Path.CurrentFileSystemLocation.ProviderPath;

    // A bound switch counts more than the preference, also as -WhatIf:$false.
    public bool IsWhatIf => cmdlet.MyInvocation.BoundParameters.TryGetValue("WhatIf", out var bound)
        ? bound is SwitchParameter { IsPresent: true }
        : LanguagePrimitives.IsTrue(cmdlet.SessionState.PSVariable.GetValue("WhatIfPreference"));

    public void WriteObject(object item) => cmdlet.WriteObject(item is DbRow row ? ToObject(row) : item);

    public void WriteError(OpsException error) => cmdlet.WriteError(ToRecord(error));

    public Exception Terminate(OpsException error)
    {
        cmdlet.ThrowTerminatingError(ToRecord(error));
        return error;
    }

    public void WriteWarning(string message) => cmdlet.WriteWarning(Display.Text(message));

    public void WriteVerbose(string message) => cmdlet.WriteVerbose(Display.Text(message));

    public void WriteDebug(string message) => cmdlet.WriteDebug(message);

    public void WriteProgress(string activity, string status, int? percent, bool completed) =>
        cmdlet.WriteProgress(new ProgressRecord(0, Display.Text(activity), status.Length == 0 ? " " : Display.Text(status))
        {
            PercentComplete = percent ?? -1,
            RecordType = completed ? ProgressRecordType.Completed : ProgressRecordType.Processing,
        });

    public bool ShouldProcess(string target, string action)
    {
        try
        {
            return cmdlet.ShouldProcess(Display.Text(target), action);
        }
        catch (PSInvalidOperationException error)
        {
            // Thrown by a host that cannot prompt (-NonInteractive).
            throw new OpsException(
                "Confirm.NotInteractive",
                OpsErrorKind.Refused,
                $"{CommandName} must ask before it does '{action}' on '{target}', and nobody is there to answer.",
                "Add -Confirm:$false to an unattended call, or try it with -WhatIf.",
                target,
                error);
        }
    }

    public bool IsBound(string parameter) => cmdlet.MyInvocation.BoundParameters.ContainsKey(parameter);

    public bool IsPresent(SwitchParameter value, string parameter) => value.IsPresent;

    public NetworkCredential? Credential(PSCredential? value, string parameter) => value?.GetNetworkCredential();

    public Exception? RunScript(ScriptBlock script)
    {
        try
        {
            // By this one of its many forms what the script writes arrives on our pipeline as it is written, its errors too.
            cmdlet.InvokeCommand.InvokeScript("& $args[0]", useNewScope: true, PipelineResultTypes.Output | PipelineResultTypes.Error, null, script);
            return null;
        }
        catch (RuntimeException error) when (error is not PipelineStoppedException)
        {
            return error;
        }
    }

    public void SayAfterStop(string message)
    {
        try
        {
            // The streams of a stopped pipeline take nothing any more.
            cmdlet.Host.UI.WriteWarningLine(Display.Text(message));
        }
        catch (Exception error) when (error is RuntimeException or NotImplementedException or IOException)
        {
            // There is nobody to tell.
        }
    }

    public string? ReadVault(string name)
    {
        var separator = name.IndexOf('/', StringComparison.Ordinal);
        var (vault, secret) = separator < 0 ? (null, name) : (name[..separator], name[(separator + 1)..]);
        var script = vault is null
            ? "param($n,$v) Microsoft.PowerShell.SecretManagement\\Get-Secret -Name $n -AsPlainText"
            : "param($n,$v) Microsoft.PowerShell.SecretManagement\\Get-Secret -Name $n -Vault $v -AsPlainText";
        try
        {
            return cmdlet.InvokeCommand.InvokeScript(script, secret, vault).FirstOrDefault()?.BaseObject as string;
        }
        catch (RuntimeException error)
        {
            throw new OpsException(
                "Secret.NotResolved",
                OpsErrorKind.PermissionDenied,
                $"The secret ${{secret:{name}}} cannot be read: {error.Message}",
                "Install Microsoft.PowerShell.SecretManagement and unlock the vault, then check with Get-SecretInfo.",
                name,
                error);
        }
    }

    // Columns are properties for Export-Csv, Where-Object and the others.
    private static PSObject ToObject(DbRow row)
    {
        var result = new PSObject();
        for (var column = 0; column < row.Columns.Count; column++)
        {
            result.Properties.Add(new PSNoteProperty(row.Columns[column], row.Values[column]));
        }

        return result;
    }

    // The next step is part of the message: as recommended action, PowerShell would show it once more.
    private static ErrorRecord ToRecord(OpsException error) =>
        new(error, error.Id, Category(error.Kind), error.Target) { ErrorDetails = new ErrorDetails(Display.Text(error.FullMessage)) };

    private static ErrorCategory Category(OpsErrorKind kind) => kind switch
    {
        OpsErrorKind.InvalidArgument => ErrorCategory.InvalidArgument,
        OpsErrorKind.NotFound => ErrorCategory.ObjectNotFound,
        OpsErrorKind.InvalidData => ErrorCategory.InvalidData,
        OpsErrorKind.Connection => ErrorCategory.ConnectionError,
        OpsErrorKind.PermissionDenied => ErrorCategory.PermissionDenied,
        OpsErrorKind.Timeout => ErrorCategory.OperationTimeout,
        OpsErrorKind.NotInstalled => ErrorCategory.NotInstalled,
        OpsErrorKind.Refused => ErrorCategory.ResourceUnavailable,
        OpsErrorKind.OperationFailed => ErrorCategory.OperationStopped,
        _ => ErrorCategory.NotSpecified,
    };
}
