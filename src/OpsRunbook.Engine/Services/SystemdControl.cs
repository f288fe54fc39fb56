using System.Text.RegularExpressions;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>Acts on units of systemd. Jobs are queued without waiting, so that their progress can be followed and the wait ended.</summary>
public sealed partial class SystemdControl : IServiceControl
{
    private const int MaximumQuestion = 4096;
    private static readonly Dictionary<string, string> CLocale = new() { ["LC_ALL"] = "C" };

    /// <inheritdoc/>
    public ServiceManagerKind Kind => ServiceManagerKind.Systemd;

    /// <inheritdoc/>
    public OpsException? Refuse(ServiceAction action, ServiceTarget target, UnitState state)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        return state.Reason switch
        {
            "Service.NotFound" when state.Instances == 0 => ServiceErrors.NotFound(target),
            "Service.Masked" when action is ServiceAction.Start or ServiceAction.Restart or ServiceAction.Recreate => new OpsException(
                "Service.Masked",
                OpsErrorKind.Refused,
                $"Unit '{target.Unit.Name}' of '{target.Name}' on host '{target.Host}' is masked: somebody wanted that it cannot be started.",
                $"Find out why, then allow it with 'systemctl unmask {target.Unit.Name}'.",
                target.Name),
            _ when action == ServiceAction.Reload && state.Instances == 0 => ServiceErrors.Cannot(target, action, "it does not run.", "Start it."),
            _ when action == ServiceAction.Reload && state.Detail.GetValueOrDefault("CanReload") as string == "no" =>
                ServiceErrors.Cannot(target, action, "its unit has no ExecReload.", "Restart it."),
            _ => null,
        };
    }

    /// <inheritdoc/>
    public string Describe(ServiceAction action, ServiceTarget target, UnitState state)
    {
        ArgumentNullException.ThrowIfNull(target);
        var command = $"systemctl {Verb(action)} {PosixShell.Quote(target.Unit.Name)}";
        return action == ServiceAction.Recreate ? $"systemctl daemon-reload; {command}" : command;
    }

    /// <inheritdoc/>
    public async Task ActAsync(ServiceAction action, IHost host, ServiceTarget target, UnitState state, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        if (action == ServiceAction.Recreate)
        {
            Require(target, action, await SystemctlAsync(host, ["daemon-reload"], limit, cancellationToken));
        }

        // A unit that failed too often is refused even when an operator starts it, until its counter is reset.
        if (action is not (ServiceAction.Stop or ServiceAction.Reload) && state.Detail.GetValueOrDefault("ActiveState") as string == "failed")
        {
            await SystemctlAsync(host, ["reset-failed", "--", target.Unit.Name], limit, cancellationToken);
        }

        // A reload is over in a moment, and only its exit code tells whether the new configuration was taken.
        string[] wait = action == ServiceAction.Reload ? [] : ["--no-block"];
        Require(target, action, await SystemctlAsync(host, [.. wait, Verb(action), "--", target.Unit.Name], limit, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ReadLogAsync(IHost host, ServiceTarget target, UnitState state, int lines, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(target);

        // The last words of a service that has just ended may not be in the journal yet. Whoever is not root cannot ask for it, and reads what there is.
        const string Script = "timeout 5 journalctl --sync >/dev/null 2>&1; exec journalctl \"$@\"";
        var result = await host.RunAsync(
            new HostCommand("sh", "-c", Script, "sh", "--no-pager", "--quiet", "--output=cat", $"--lines={lines}", $"--unit={target.Unit.Name}") { Environment = CLocale },
            cancellationToken);
        return result.Succeeded ? result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries) : [];
    }

    // Questions of units lie in this folder until somebody answers: systemd.io/PASSWORD_AGENTS.
    /// <inheritdoc/>
    public async Task<string?> WaitsForAsync(IHost host, ServiceTarget target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        foreach (var file in await host.FindFilesAsync("/run/systemd/ask-password/ask.*", cancellationToken))
        {
            if (await host.ReadFileAsync(file, MaximumQuestion, cancellationToken) is { } question)
            {
                var message = System.Text.Encoding.UTF8.GetString(question).Split('\n').FirstOrDefault(line => line.StartsWith("Message=", StringComparison.Ordinal));
                return $"a password{(message is null ? string.Empty : $": {message["Message=".Length..].Trim()}")}";
            }
        }

        return null;
    }

    /// <summary>Runs systemctl so that it never asks anything.</summary>
    internal static Task<CommandResult> SystemctlAsync(IHost host, string[] arguments, TimeSpan limit, CancellationToken cancellationToken) => host.RunAsync(
        new HostCommand(["systemctl", "--no-ask-password", "--no-pager", .. arguments]) { Environment = CLocale, Timeout = limit }, cancellationToken);

    /// <summary>Turns a refusal of systemctl into an error.</summary>
    internal static void Require(ServiceTarget target, ServiceAction action, CommandResult result)
    {
        if (!result.Succeeded)
        {
            throw result.StandardError.Contains("authentication required", StringComparison.OrdinalIgnoreCase)
                || result.StandardError.Contains("Access denied", StringComparison.OrdinalIgnoreCase)
                || result.StandardError.Contains("Permission denied", StringComparison.OrdinalIgnoreCase)
                    ? ServiceErrors.Forbidden(target, result.Summary)
                    : ServiceErrors.Failed(target, action, result.Summary);
        }
    }

    /// <summary>Exit code in systemd's own line of a log: a unit that is started again at once shows none in its state.</summary>
    /// <param name="log">Last lines of the log.</param>
    /// <returns>128 + n for signal n; null when there is no such line.</returns>
    internal static int? ExitCodeIn(IEnumerable<string> log) =>
        log.Select(line => MainProcessExited().Match(line)).LastOrDefault(match => match.Success) is { } found
            ? int.Parse(found.Groups[2].ValueSpan, System.Globalization.CultureInfo.InvariantCulture) + (found.Groups[1].Value == "exited" ? 0 : 128)
            : null;

    [GeneratedRegex("Main process exited, code=(exited|killed|dumped), status=([0-9]{1,3})/", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex MainProcessExited();

    private static string Verb(ServiceAction action) => action switch
    {
        ServiceAction.Start => "start",
        ServiceAction.Stop => "stop",
        ServiceAction.Reload => "reload",
        _ => "restart",
    };
}
