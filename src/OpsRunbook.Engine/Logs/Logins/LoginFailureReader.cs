using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Sources;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Logs.Logins;

/// <summary>Counts failed logins over logs.</summary>
/// <param name="query">The time range.</param>
/// <param name="by">What they are put together by.</param>
/// <param name="output">Takes the results, and an error for each log that cannot be read.</param>
public sealed class LoginFailureReader(LogQuery query, LoginFailureBy by, IOperationOutput output)
{
    private static readonly string[] SshdFiles = ["/var/log/auth.log*", "/var/log/secure*"];
    private static readonly string[] SshdPrograms = ["_COMM=sshd", "_COMM=sshd-session", "_COMM=sshd-auth"];
    private static readonly string[] SyslogTags = ["sshd"];

    private readonly List<LoginLog> _logs = [];

    /// <summary>Takes files of this machine, each read as what it looks like.</summary>
    /// <param name="paths">Files, folders, and patterns.</param>
    /// <param name="folder">Folder that relative paths are relative to.</param>
    public void AddPaths(IEnumerable<string> paths, string folder)
    {
        foreach (var source in LogFileSource.Of(LogFileSet.Find(paths, folder, output), query.Since))
        {
            try
            {
                var path = source.Name;
                using var file = LogFile.Open(path, _ => { });
                LoginFormat[] formats = file.Format switch
                {
                    SyslogFormat => [new SshLogins()],
                    AccessFormat => [new WebLogins(isAccessLog: true)],
                    WebErrorFormat => [new WebLogins(isAccessLog: false)],
                    PostgresFormat or PostgresCsvFormat => [new PostgresLogins()],
                    MySqlErrorFormat => [new MySqlLogins()],
                    JsonFormat => [new MongoLogins()],
                    _ when SyslogTags.Contains(source.DefaultService, StringComparer.OrdinalIgnoreCase) => [new SshLogins(isSshd: true)],
                    _ => [],
                };
                if (formats.Length == 0)
                {
                    output.Verbose($"{path} is {file.Format.Name}, in which no failed logins are known.");
                }

                _logs.AddRange(formats.Select(format => new LoginLog(source, format, null, LocalHost.LocalName, format is WebLogins ? file.Format is AccessFormat : null)));
            }
            catch (OpsException error)
            {
                output.Error(error);
            }
        }
    }

    /// <summary>Takes the logs of members of a stack, and without names sshd's of its hosts too.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names of members, with wildcards; none for all.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>A task that ends when they are found.</returns>
    public async Task AddMembersAsync(StackSession session, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(names);
        foreach (var (member, source) in await LogSelection.FindAsync(session, names, output, query.Since, cancellationToken))
        {
            try
            {
                _logs.AddRange(Formats(member, source).Select(format => new LoginLog(source, format, member.Name, member.Host, IsAccessLog(format, source))));
            }
            catch (OpsException error)
            {
                output.Error(error);
            }
        }

        foreach (var name in names.Count == 0 ? HostSelection.Used(session.Stack) : [])
        {
            await AddSshdAsync(session.Host(name), cancellationToken);
        }
    }

    /// <summary>Reads the logs and counts.</summary>
    /// <param name="minimum">Only what happened so often.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task that ends with the last result. The most frequent comes first.</returns>
    public async Task RunAsync(long minimum, CancellationToken cancellationToken)
    {
        var counts = new LoginCounts(by);
        foreach (var log in _logs)
        {
            var one = new LogReader(query with { Match = log.Format.Match, CaseSensitive = true }, output);
            await foreach (var record in one.ReadAsync([log.Source], cancellationToken))
            {
                Count(log, record);
            }

            Count(log, null);
        }

        foreach (var failure in counts.Results().Where(failure => failure.Count >= minimum))
        {
            await output.WriteAsync(failure, cancellationToken);
        }

        void Count(LoginLog log, LogRecord? record)
        {
            foreach (var (from, attempt) in log.Format.Read(record))
            {
                counts.Add(log.Service ?? (log.Format is SshLogins ? "sshd" : from.Service), log.Host, from, attempt, log.IsAccessLog);
            }
        }
    }

    private static List<LoginFormat> Formats(StackMember member, ILogSource source) => member.Definition switch
    {
        StackService { LoginFailures.Count: > 0 } service => [new AppLogins(member.Name, service.LoginFailures)],
        StackDatabase { Engine: DatabaseEngine.Postgres } => [new PostgresLogins()],
        StackDatabase { Engine: DatabaseEngine.MySql or DatabaseEngine.MariaDb } => [new MySqlLogins()],
        StackDatabase { Engine: DatabaseEngine.MongoDb } => [new MongoLogins()],
        StackWebServer when source is LogFileSource or HostFileSource => [new WebLogins(isAccessLog: IsNamedAccess(source))],
        _ => [],
    };

    private static bool IsNamedAccess(ILogSource source) => Path.GetFileName(source.Name).Contains("access", StringComparison.OrdinalIgnoreCase);

    private static bool? IsAccessLog(LoginFormat format, ILogSource source) => format is WebLogins ? IsNamedAccess(source) : null;

    private async Task AddSshdAsync(IHost host, CancellationToken cancellationToken)
    {
        // The journal has what the kernel says of the sender; the files have a copy of it, which must not count twice.
        if (await HasJournalAsync(host, cancellationToken))
        {
            string[] programs = [.. SshdPrograms.SelectMany((program, i) => i == 0 ? new[] { program } : ["+", program])];
            _logs.Add(new LoginLog(new JournalSource(host, programs, new RecordOrigin($"{host.Name}:journal:sshd", host.Name, "sshd", "sshd")), new SshLogins(), "sshd", host.Name, null));
            return;
        }

        foreach (var pattern in SshdFiles)
        {
            IReadOnlyList<string> files = [];
            try
            {
                files = await host.FindFilesAsync(pattern, cancellationToken);
            }
            catch (OpsException error)
            {
                output.Error(error);
                return;
            }

            _logs.AddRange(files.Select(file => new LoginLog(host is LocalHost ? new LogFileSource(file) { Host = host.Name } : new HostFileSource(host, file, null), new SshLogins(), "sshd", host.Name, null)));
        }
    }

    private static async Task<bool> HasJournalAsync(IHost host, CancellationToken cancellationToken)
    {
        try
        {
            var result = await host.RunAsync(new HostCommand(["journalctl", "--no-pager", "--quiet", "--lines=1", "--output=cat"]), cancellationToken);
            return result is { Succeeded: true, StandardOutput.Length: > 0 };
        }
        catch (OpsException error) when (error.Id == "Host.CommandNotFound")
        {
            return false;
        }
        catch (OpsException)
        {
            // The host itself cannot be reached: reading its journal says so.
            return true;
        }
    }

    private sealed record LoginLog(ILogSource Source, LoginFormat Format, string? Service, string Host, bool? IsAccessLog);
}
