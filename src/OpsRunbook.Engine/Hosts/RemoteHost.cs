using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OpsRunbook.Engine.Hosts;

/// <summary>A host on which everything is done by commands: the rest is the same over SSH and in a container.</summary>
public abstract class RemoteHost : IHost
{
    private const int NotRegular = 75;
    private const int RoomForErrors = 4096;
    private static readonly TimeSpan ListLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan MountLimit = TimeSpan.FromSeconds(3);

    // Each file system is asked in a process of its own, so that a dead file server costs its own answer only.
    private const string MountScript = """
        i=0
        for m do
          (
            if r=$(stat -f -c '%S %b %f %a %c %d' -- "$m" 2>/dev/null); then
              [ -d "$m" ] || r=file
            else
              r='it cannot be read'
            fi
            printf '%s %s\n' "$i" "$r"
          ) </dev/null &
          i=$((i+1))
        done
        wait
        """;

    private protected RemoteHost(string name, StackHost definition)
    {
        Name = name;
        Definition = definition;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>How a stack describes the host.</summary>
    public StackHost Definition { get; }

    /// <inheritdoc/>
    public async Task<CommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        return (await CompleteAsync(command, cancellationToken)).ToCommandResult();
    }

    /// <inheritdoc/>
    public abstract Task<CommandStream> StartAsync(HostCommand command, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public virtual async Task<byte[]?> ReadFileAsync(string path, long maximumBytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        HostErrors.RequireAbsolute(path);
        const string script = """if [ -e "$1" ] && ! [ -f "$1" ]; then exit 75; fi; exec head -c "$2" -- "$1" """;
        var enough = (int)Math.Min(maximumBytes, int.MaxValue - RoomForErrors) + 1;
        var command = new HostCommand("sh", "-c", script, "sh", path, enough.ToString(CultureInfo.InvariantCulture)) { MaximumOutputBytes = enough - 1 + RoomForErrors };
        var result = await CompleteAsync(command, cancellationToken);
        if (result.Output.Length > maximumBytes)
        {
            throw HostErrors.FileTooLarge(Name, path, maximumBytes);
        }

        return result switch
        {
            { ExitCode: 0 } => result.Output,
            { ExitCode: NotRegular } => throw HostErrors.FileFailed(Name, path, "it is not a regular file."),
            _ when result.ErrorText.Contains("No such file", StringComparison.Ordinal) || result.ErrorText.Contains("Not a directory", StringComparison.Ordinal) => null,
            _ when HostScripts.IsForbidden(result.ErrorText) => throw HostErrors.FileForbidden(Name, path),
            _ => throw HostErrors.FileFailed(Name, path, result.ToCommandResult().Summary),
        };
    }

    /// <inheritdoc/>
    public virtual async Task WriteFileAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        HostErrors.RequireAbsolute(path);
        HostScripts.RequireWritten(Name, path, await RunAsync(HostScripts.WriteFile(path, content), cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> FindFilesAsync(string pattern, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        HostErrors.RequireAbsolute(pattern);
        var result = await RunAsync(HostScripts.FindFiles(pattern), cancellationToken);
        return result.StandardOutput.Split('\0', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ToList();
    }

    /// <inheritdoc/>
    public abstract Task<Stream> ConnectAsync(string address, int port, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract Task<Stream> ConnectUnixAsync(string path, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<HostProcess>> GetProcessesAsync(CancellationToken cancellationToken)
    {
        var sections = await ReadSectionsAsync(ProcSections.ProcessScript, "The process list", cancellationToken);
        return await UserNames.ResolveAsync(this, ProcSections.Users(sections), ProcSections.Processes(sections), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<HostSocket>> GetListeningSocketsAsync(CancellationToken cancellationToken)
    {
        var sections = await ReadSectionsAsync(ProcSections.SocketScript, "The socket list", cancellationToken);
        return SocketOwners.Join(ProcSections.Sockets(sections), ProcSections.Owners(sections));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<HostMount>> GetMountsAsync(CancellationToken cancellationToken)
    {
        var table = await ReadProcAsync("/proc/self/mountinfo", cancellationToken) ?? throw HostErrors.NotSupported(Name, "The mounted file systems");

        // Files over which a container has mounted others are told from folders by the answers below.
        var entries = MountTable.SelectReal(MountTable.Parse(table), path => !ContainerFiles.Contains(path, StringComparer.Ordinal));
        var command = new HostCommand(["sh", "-s", "--", .. entries.Select(entry => entry.Path)])
        {
            StandardInput = Encoding.UTF8.GetBytes(MountScript),
            Timeout = MountLimit,
        };
        var result = await ExecuteAsync(command, cancellationToken);
        var answers = new Dictionary<int, string>();
        foreach (var line in Encoding.UTF8.GetString(result.Output).Split('\n'))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && int.TryParse(line.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            {
                answers[index] = line[(space + 1)..];
            }
        }

        return entries
            .Select((entry, index) => (Entry: entry, Answer: answers.GetValueOrDefault(index)))
            .Where(mount => mount.Answer != "file")
            .Select(mount => MountTable.WithUsage(mount.Entry, mount.Answer))
            .ToList();
    }

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    /// <summary>Runs a command to its end or its time limit.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="cancellationToken">Ends the command.</param>
    /// <returns>Exit code and output; at the time limit, what there is until then.</returns>
    private protected abstract Task<RawResult> ExecuteAsync(HostCommand command, CancellationToken cancellationToken);

    private static readonly string[] ContainerFiles = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];

    private async Task<RawResult> CompleteAsync(HostCommand command, CancellationToken cancellationToken)
    {
        var result = await ExecuteAsync(command, cancellationToken);
        return result.TimedOut ? throw ProcessRunner.TimedOut(Name, command) : result;
    }

    private async Task<byte[]?> ReadProcAsync(string path, CancellationToken cancellationToken)
    {
        var result = await CompleteAsync(new HostCommand("cat", path), cancellationToken);
        return result.ExitCode == 0 ? result.Output : null;
    }

    private async Task<IReadOnlyList<ProcSection>> ReadSectionsAsync(
        string script, string what, CancellationToken cancellationToken)
    {
        // A process may print anything as its name or arguments, but not a mark that it cannot know.
        var mark = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var command = new HostCommand("sh", "-s")
        {
            StandardInput = Encoding.UTF8.GetBytes(script.Replace(ProcSections.MarkPlaceholder, mark, StringComparison.Ordinal)),
            Timeout = ListLimit,
            MaximumOutputBytes = 64 * 1024 * 1024,
        };
        var result = await CompleteAsync(command, cancellationToken);
        var sections = ProcSections.Split(result.Output, mark);
        return sections.Count > 0 && sections[^1].Kind == "end" ? sections : throw HostErrors.NotSupported(Name, what);
    }
}
