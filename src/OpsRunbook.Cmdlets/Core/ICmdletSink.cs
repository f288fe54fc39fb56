using System.Management.Automation;

namespace OpsRunbook.Cmdlets;

/// <summary>
/// The one door between a cmdlet and whatever runs it: PowerShell (<see cref="PowerShellSink"/>) or the
/// console runner. All members are called on the pipeline thread only.
/// </summary>
/// <remarks>
/// Without PowerShell its types are those of PowerShellStandard's reference assembly, whose members do
/// nothing and return defaults: a <see cref="SwitchParameter"/> there is always false and a
/// <see cref="PSCredential"/> empty. Hence <see cref="IsPresent"/> and <see cref="Credential"/>.
/// </remarks>
internal interface ICmdletSink
{
    /// <summary>Name of the cmdlet as called.</summary>
    string CommandName { get; }

    /// <summary>Folder that relative paths are relative to.</summary>
    string WorkingDirectory { get; }

    /// <summary><c>-WhatIf</c> is in force, by the switch or by the caller's preference.</summary>
    bool IsWhatIf { get; }

    void WriteObject(object item);

    void WriteError(OpsException error);

    /// <summary>Ends the command with the error; does not return.</summary>
    Exception Terminate(OpsException error);

    void WriteWarning(string message);

    void WriteVerbose(string message);

    void WriteDebug(string message);

    void WriteProgress(string activity, string status, int? percent, bool completed);

    bool ShouldProcess(string target, string action);

    /// <summary>The caller gave the parameter.</summary>
    bool IsBound(string parameter);

    /// <summary>The switch was given and is not <c>:$false</c>.</summary>
    bool IsPresent(SwitchParameter value, string parameter);

    /// <summary>User and password of a credential parameter; null when none was given.</summary>
    System.Net.NetworkCredential? Credential(PSCredential? value, string parameter);

    /// <summary>Runs a script; what it writes is written by the command.</summary>
    /// <returns>The error that ended it; null when it ran to its end.</returns>
    Exception? RunScript(ScriptBlock script);

    /// <summary>Tells the operator something although Ctrl+C has ended the command.</summary>
    void SayAfterStop(string message);

    /// <summary>Reads <c>vault/name</c> through SecretManagement; null where there is none.</summary>
    string? ReadVault(string name);
}
