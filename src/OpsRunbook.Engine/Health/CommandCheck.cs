using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Health;

/// <summary>A command that must exit with 0.</summary>
/// <param name="name">Name of the check in its result.</param>
/// <param name="host">Host on which it runs; null for this machine.</param>
/// <param name="command">The argument vector.</param>
/// <param name="timeout">Longest run.</param>
public sealed class CommandCheck(string name, string? host, IReadOnlyList<string> command, TimeSpan timeout) : IHealthCheck
{
    private const int MaximumOutput = 64 * 1024;

    /// <inheritdoc/>
    public string Name => name;

    /// <summary>A little more than the command has, so that the host's own words about the timeout are heard.</summary>
    public TimeSpan Timeout => timeout + TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (command.Count == 0)
        {
            return CheckResults.Unknown(Name, "Health.ConditionInvalid", "The command is empty.");
        }

        try
        {
            var run = new HostCommand([.. command]) { Timeout = timeout, MaximumOutputBytes = MaximumOutput };
            var result = await session.Host(host).RunAsync(run, cancellationToken);
            var said = CheckResults.Short(result.Summary);
            return new CheckResult
            {
                Name = Name,
                Status = result.Succeeded ? HealthStatus.Healthy : HealthStatus.Critical,
                Message = (result.Succeeded, said.Length) switch
                {
                    (true, 0) => $"{command[0]} exited with 0",
                    (true, _) => said,
                    (false, 0) => $"{command[0]} exited with {result.ExitCode}",
                    (false, _) => $"{command[0]} exited with {result.ExitCode}: {said}",
                },
                Reason = result.Succeeded ? null : "Health.CommandFailed",
                Target = command[0],
            };
        }
        catch (OpsException error) when (error.Id == "Host.CommandTimeout")
        {
            return new CheckResult { Name = Name, Status = HealthStatus.Critical, Message = error.Message, Reason = error.Id, Target = command[0] };
        }
        catch (OpsException error)
        {
            return CheckResults.From(Name, error, command[0]);
        }
    }
}
