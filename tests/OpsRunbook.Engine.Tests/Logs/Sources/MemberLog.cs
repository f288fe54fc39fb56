using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Logs.Sources;

/// <summary>Reads the logs of members as Get-ServiceLog does.</summary>
internal static class MemberLog
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<List<LogRecord>> ReadAsync(OpsStack stack, LogQuery? query = null, RecordedOutput? output = null, params string[] names)
    {
        await using var session = new StackSession(stack);
        output ??= new RecordedOutput();
        var sources = await LogSelection.OfMembersAsync(session, names, output, query?.Since, default);
        var records = new List<LogRecord>();
        await foreach (var record in new LogReader(query ?? new LogQuery(), output).ReadAsync(sources, default))
        {
            records.Add(record);
        }

        return records;
    }

    /// <summary>Follows until a record fits; each step is done when the message before it has come.</summary>
    public static async Task<List<LogRecord>> FollowAsync(OpsStack stack, params (Func<Task> Do, string Expected)[] steps)
    {
        using var limit = new CancellationTokenSource(Patience);
        await using var session = new StackSession(stack);
        var output = new RecordedOutput();
        var sources = await LogSelection.OfMembersAsync(session, [], output, null, default);
        var records = new List<LogRecord>();
        var step = 0;
        var doing = DoAsync(first: true);
        try
        {
            await foreach (var record in new LogReader(new LogQuery { Follow = true }, output).ReadAsync(sources, limit.Token))
            {
                records.Add(record);
                if (record.Message.Contains(steps[step].Expected, StringComparison.Ordinal))
                {
                    step++;
                    if (step == steps.Length)
                    {
                        break;
                    }

                    await doing;
                    doing = DoAsync(first: false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"'{steps[step].Expected}' did not come. Errors: {string.Join("; ", output.Errors.Select(error => error.Message))}. Records: {string.Join(" | ", records.Select(record => record.Message))}");
        }

        await doing;
        return records;

        async Task DoAsync(bool first)
        {
            // The following must have begun.
            await Task.Delay(first ? 2500 : 700);
            await steps[step].Do();
        }
    }

    public static StackHost Ssh(SystemdHost machine) => new() { Ssh = machine.Destination, Identity = machine.IdentityFile, Options = new Dictionary<string, string>(machine.Options) };

    public static async Task<StackHost> HostAsync(SystemdHost machine, string way) =>
        way == "ssh" ? Ssh(machine) : new StackHost { Container = machine.Container, Docker = (await Servers.DockerAsync()).Address };
}
