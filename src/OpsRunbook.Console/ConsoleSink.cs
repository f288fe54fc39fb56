using System.Management.Automation;
using System.Net;
using OpsRunbook.Cmdlets;
using OpsRunbook.ConsoleRunner.Binding;
using OpsRunbook.ConsoleRunner.Output;

namespace OpsRunbook.ConsoleRunner;

/// <summary>The sink of a cmdlet that runs without PowerShell: results on standard output, everything else on standard error.</summary>
/// <param name="call">The command and its arguments.</param>
/// <param name="terminal">The standard streams.</param>
/// <param name="writer">Writes the results.</param>
/// <param name="stopped">Cancelled by a signal.</param>
internal sealed class ConsoleSink(BoundCommand call, Terminal terminal, IResultWriter writer, CancellationToken stopped) : ICmdletSink
{
    private const string PasswordVariable = "OPSRUNBOOK_PASSWORD";
    private const string ClearLine = "\r\u001b[2K";
    private readonly Dictionary<string, NetworkCredential> _credentials = new(StringComparer.OrdinalIgnoreCase);
    private HealthStatus? _health;
    private bool? _answerToAll;
    private bool _failed;
    private bool _progressShown;
    private bool _outputLost;

    public string CommandName => call.Command.Name;

    public string WorkingDirectory => Environment.CurrentDirectory;

    public bool IsWhatIf => call.Options.WhatIf;

    /// <summary>
    /// Of a command with health results the worst status, an error counting as Unknown; of another one 1
    /// after an error, else 0.
    /// </summary>
    public int ExitCode => _health is { } health
        ? (int)(_failed ? HealthStatuses.Worst(health, HealthStatus.Unknown) : health)
        : !_failed ? 0
        : call.Command.IsHealth ? (int)HealthStatus.Unknown
        : 1;

    /// <summary>Lets a health status count for the exit code.</summary>
    /// <param name="item">A result; one without a status changes nothing.</param>
    public void CountHealth(object item)
    {
        if (HealthProperty.Read(item) is { } status)
        {
            _health = HealthStatuses.Worst(_health ?? HealthStatus.Healthy, status);
        }
    }

    public void WriteObject(object item)
    {
        CountHealth(item);
        Output(() => writer.Write(item));
    }

    /// <summary>Writes what stands behind the last result.</summary>
    public void Complete()
    {
        if (_outputLost)
        {
            return;
        }

        try
        {
            Output(writer.End);
        }
        catch (CommandEndedException ended) when (ended.Error is not null)
        {
            Fail(ended.Error);
        }
    }

    public void WriteError(OpsException error)
    {
        if (call.Options.ErrorAction == StreamAction.Stop)
        {
            throw new CommandEndedException(error);
        }

        if (call.Options.ErrorAction != StreamAction.Ignore)
        {
            _failed = true;
        }

        if (call.Options.ErrorAction == StreamAction.Continue)
        {
            PrintError(error);
        }
    }

    public Exception Terminate(OpsException error) => new CommandEndedException(error);

    /// <summary>Prints the failure that ended the command.</summary>
    /// <param name="error">The failure.</param>
    public void Fail(OpsException error)
    {
        _failed = true;
        PrintError(error);
    }

    public void WriteWarning(string message)
    {
        if (call.Options.WarningAction == StreamAction.Stop)
        {
            throw new CommandEndedException(new OpsException("Warning.Stopped", OpsErrorKind.OperationFailed, message, "It ended the command because of -WarningAction Stop."));
        }

        if (call.Options.WarningAction == StreamAction.Continue)
        {
            Say($"WARNING: {Display.Text(message)}", "33");
        }
    }

    public void WriteVerbose(string message)
    {
        if (call.Options.Verbose)
        {
            Say($"VERBOSE: {Display.Text(message)}", "33");
        }
    }

    public void WriteDebug(string message)
    {
        if (call.Options.Debug)
        {
            Say($"DEBUG: {string.Join(Environment.NewLine, message.Split('\n').Select(line => Display.Text(line.TrimEnd('\r'))))}", "33");
        }
    }

    public void WriteProgress(string activity, string status, int? percent, bool completed)
    {
        if (!terminal.ErrorIsTerminal || call.Options.ProgressAction != StreamAction.Continue)
        {
            return;
        }

        ClearProgress();
        if (completed)
        {
            return;
        }

        var line = $"{Display.Text(activity)}: {Display.Text(status)}{(percent is { } done ? $" {done}%" : string.Empty)}";
        terminal.Error.Write(CellText.Fit(line, terminal.Width - 1, right: false, pad: false));
        _progressShown = true;
    }

    public bool ShouldProcess(string target, string action)
    {
        var description = $"Performing the operation \"{Display.Text(action)}\" on target \"{Display.Text(target)}\".";
        if (call.Options.WhatIf)
        {
            Say($"What if: {description}", null);
            return false;
        }

        WriteVerbose(description);
        if (!call.Command.SupportsShouldProcess || !(call.Options.Confirm ?? call.Command.AsksByDefault))
        {
            return true;
        }

        return _answerToAll ?? AskAbout(description, target, action);
    }

    public bool IsBound(string parameter) => call.Values.ContainsKey(parameter);

    public bool IsPresent(SwitchParameter value, string parameter) => call.Values.TryGetValue(parameter, out var given) && given is true;

    public NetworkCredential? Credential(PSCredential? value, string parameter)
    {
        if (!call.Values.TryGetValue(parameter, out var given) || given is not string user)
        {
            return null;
        }

        if (!_credentials.TryGetValue(parameter, out var credential))
        {
            ClearProgress();
            var password = Environment.GetEnvironmentVariable(PasswordVariable)
                ?? Ask($"Password for {Display.Text(user)}: ", secret: true)
                ?? throw new OpsException(
                    "Credential.NoPassword",
                    OpsErrorKind.InvalidArgument,
                    $"There is no password for the user '{user}' of -{parameter}.",
                    $"Set the environment variable {PasswordVariable}, or run the command on a terminal.",
                    user);
            _credentials[parameter] = credential = new NetworkCredential(user, password);
        }

        return credential;
    }

    public Exception? RunScript(ScriptBlock script) => throw new OpsException(
        "Script.NotAvailable", OpsErrorKind.NotInstalled, "A script runs in PowerShell only.", "Use the module in PowerShell, or call the commands one after another.");

    public void SayAfterStop(string message) => Say($"WARNING: {Display.Text(message)}", "33");

    public string? ReadVault(string name) => throw new OpsException(
        "Secret.NotResolved",
        OpsErrorKind.NotInstalled,
        $"The secret ${{secret:{name}}} is in a vault of SecretManagement, which only PowerShell can open.",
        "Refer to it as ${env:…} or ${file:…}, or use the module in PowerShell.",
        name);

    /// <summary>Takes a progress line away, before something else is printed.</summary>
    public void ClearProgress()
    {
        if (_progressShown)
        {
            terminal.Error.Write(ClearLine);
            _progressShown = false;
        }
    }

    private void Output(Action write)
    {
        ClearProgress();
        try
        {
            write();
            terminal.Out.Flush();
        }
        catch (IOException error)
        {
            _outputLost = true;
            throw new CommandEndedException(new OpsException(
                "Output.NotWritten",
                OpsErrorKind.OperationFailed,
                $"The results cannot be written to standard output: {error.Message}",
                "Check the free space and the permissions of the file that it is redirected to.",
                innerException: error));
        }
    }

    // Reading from a terminal cannot be cancelled; the wait for it can.
    private string? Ask(string question, bool secret) => terminal.Ask is { } ask
        ? Task.Run(() => ask(question, secret), CancellationToken.None).WaitAsync(stopped).GetAwaiter().GetResult()
        : null;

    private bool AskAbout(string description, string target, string action)
    {
        if (terminal.Ask is null)
        {
            throw new OpsException(
                "Confirm.NotInteractive",
                OpsErrorKind.Refused,
                $"{CommandName} must ask before it does '{action}' on '{target}', and nobody is there to answer.",
                "Add '-Confirm:$false' (in quotes, or -Confirm:false) to an unattended call, or try it with -WhatIf.",
                target);
        }

        ClearProgress();
        terminal.Error.WriteLine($"Confirm{Environment.NewLine}Are you sure you want to perform this action?{Environment.NewLine}{description}");
        while (true)
        {
            // No answer (end of input) is no consent.
            switch (Ask("[Y] Yes  [A] Yes to All  [N] No  [L] No to All (default is \"Y\"): ", secret: false)?.Trim().ToUpperInvariant())
            {
                case "" or "Y" or "YES":
                    return true;
                case "A":
                    _answerToAll = true;
                    return true;
                case "N" or "NO":
                    return false;
                case "L" or null:
                    _answerToAll = false;
                    return false;
                default:
                    break;
            }
        }
    }

    private void PrintError(OpsException error) => Say($"opsrunbook: {CommandName}: {Display.Text(error.FullMessage)} [{error.Id}]", "31");

    private void Say(string text, string? colour)
    {
        ClearProgress();
        terminal.Error.WriteLine(terminal.ErrorHasColours && colour is not null ? $"\u001b[{colour}m{text}\u001b[0m" : text);
    }
}
