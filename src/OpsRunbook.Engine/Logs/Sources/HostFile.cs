using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>A log file of another host. Of its bytes only those come over that are asked for.</summary>
/// <param name="host">The host.</param>
/// <param name="path">Absolute path there.</param>
internal sealed class HostFile(IHost host, string path) : IByteReader
{
    private const int NotThere = 66;
    private const int NotRegular = 65;
    private const int Forbidden = 77;

    // What is needed of every file, in one question: size, time of the last change, zone of the host, and the beginning.
    private const string HeadScript = """
        f=$1
        n=$2
        [ -e "$f" ] || exit 66
        [ -f "$f" ] || exit 65
        [ -r "$f" ] || exit 77
        set -- $(stat -L -c '%s %Y' -- "$f")
        printf '%s %s %s %s\n' "$1" "$2" "$(date +%z)" "$(readlink -f /etc/localtime 2>/dev/null)"
        exec head -c "$n" -- "$f"
        """;

    private const string LastLinesScript = """[ -r "$1" ] && tail -c "$2" -- "$1" | tail -n "$3" """;

    // Should a line be endless.
    private const int LastBytes = 64 * 1024;

    private const string RangeScript = """tail -c "+$2" -- "$1" | head -c "$3" """;

    /// <summary>Name for messages and records.</summary>
    public string Name { get; } = $"{host.Name}:{path}";

    /// <summary>Bytes at the time of <see cref="LookAsync"/>.</summary>
    public long Length { get; private set; }

    /// <summary>When it was last written, UTC.</summary>
    public DateTime Written { get; private set; }

    /// <summary>Zone of the host.</summary>
    public TimeZoneInfo Zone { get; private set; } = TimeZoneInfo.Utc;

    /// <summary>It is gzip.</summary>
    public bool IsPacked { get; private set; }

    /// <summary>How its records look; of a packed file not known before it is unpacked.</summary>
    public LogFormat Format { get; private set; } = PlainFormat.Instance;

    /// <summary>Its first bytes.</summary>
    public byte[] Sample { get; private set; } = [];

    /// <summary>The last lines of a file as they are, without what a record needs.</summary>
    /// <param name="host">Host of the file.</param>
    /// <param name="path">Absolute path.</param>
    /// <param name="lines">So many lines.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The lines, the newest last, none empty; none when there is no such file or it may not be read.</returns>
    public static async Task<IReadOnlyList<string>> LastLinesAsync(IHost host, string path, int lines, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(new HostCommand("sh", "-c", LastLinesScript, "sh", path, Number(LastBytes), Number(lines)), cancellationToken);
        return result.Succeeded ? result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r')).ToList() : [];
    }

    /// <summary>Looks at the file. Call it before all else.</summary>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>A task that ends when it is known.</returns>
    /// <exception cref="OpsException"><c>Log.FileNotFound</c>, <c>Log.PermissionDenied</c>, <c>Log.ReadFailed</c>, or the host cannot be reached.</exception>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        await using var command = await RunAsync(HeadScript, [Number(LogFormats.SampleBytes)], cancellationToken);
        using var bytes = new MemoryStream();
        await command.Output.CopyToAsync(bytes, cancellationToken);
        var result = await command.EndAsync(cancellationToken);
        var answer = bytes.ToArray();
        var end = Array.IndexOf(answer, (byte)'\n');
        var head = Encoding.UTF8.GetString(answer, 0, Math.Max(0, end)).Split(' ', 4);
        if (!result.Succeeded || head.Length != 4 || !long.TryParse(head[0], out var length) || !long.TryParse(head[1], out var written))
        {
            throw result.ExitCode switch
            {
                NotThere => LogErrors.NotFound(Name),
                Forbidden => new OpsException(
                    "Log.PermissionDenied",
                    OpsErrorKind.PermissionDenied,
                    $"{Name} may not be read by the user that connects.",
                    "Connect as a user that may, such as a member of the group that owns the file (adm).",
                    Name),
                NotRegular => Failed("it is not a regular file."),
                _ => Failed(result.Summary.Length > 0 ? result.Summary : "its size is not told."),
            };
        }

        (Length, Written, Zone) = (length, DateTimeOffset.FromUnixTimeSeconds(written).UtcDateTime, ZoneOf(head[3], head[2]));
        Sample = answer[(end + 1)..];
        IsPacked = Sample is [0x1f, 0x8b, ..];
        Format = IsPacked ? PlainFormat.Instance : LogFormats.Recognise(Sample);
    }

    /// <summary>Opens a part of the file.</summary>
    /// <param name="start">First byte.</param>
    /// <param name="length">So many bytes.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>The command that prints it.</returns>
    public Task<CommandStream> OpenRangeAsync(long start, long length, CancellationToken cancellationToken) =>
        RunAsync(RangeScript, [Number(start + 1), Number(length)], cancellationToken);

    /// <summary>Unpacks the file on its host.</summary>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>The command that prints it.</returns>
    public Task<CommandStream> OpenUnpackedAsync(CancellationToken cancellationToken) => RunAsync("""exec gzip -dc -- "$1" """, [], cancellationToken);

    /// <summary>Follows the file, also when it is renamed and made anew, or truncated.</summary>
    /// <param name="start">First byte.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>The command that prints what comes.</returns>
    public Task<CommandStream> OpenTailAsync(long start, CancellationToken cancellationToken) =>
        RunAsync("""exec tail -c "+$2" -F -- "$1" """, [Number(start + 1)], cancellationToken);

    /// <inheritdoc/>
    public int Read(Span<byte> buffer, long position)
    {
        if (position >= Length || buffer.IsEmpty)
        {
            return 0;
        }

        var length = (int)Math.Min(buffer.Length, Length - position);
        var bytes = Task.Run(() => ReadAsync(position, length)).GetAwaiter().GetResult();
        bytes.CopyTo(buffer);
        return bytes.Length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held between two readings.
    }

    /// <summary>Something that went wrong with the file.</summary>
    /// <param name="cause">What the host said.</param>
    /// <returns>The failure.</returns>
    public OpsException Failed(string cause) =>
        new("Log.ReadFailed", OpsErrorKind.OperationFailed, $"{Name} cannot be read: {cause}", "Check the disk of the host, and whether the file is still there.", Name);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    // The name of the zone knows summer time; the offset of today is better than nothing.
    private static TimeZoneInfo ZoneOf(string file, string offset)
    {
        const string Folder = "/zoneinfo/";
        var at = file.IndexOf(Folder, StringComparison.Ordinal);
        if (at >= 0 && TimeZoneInfo.TryFindSystemTimeZoneById(file[(at + Folder.Length)..].Trim(), out var zone))
        {
            return zone;
        }

        return offset is [('+' or '-') and var sign, _, _, _, _] && int.TryParse(offset.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < 1400
            ? TimeZoneInfo.CreateCustomTimeZone(offset, TimeSpan.FromMinutes(((number / 100 * 60) + (number % 100)) * (sign == '-' ? -1 : 1)), offset, offset)
            : TimeZoneInfo.Utc;
    }

    private async Task<byte[]> ReadAsync(long position, int length)
    {
        await using var command = await OpenRangeAsync(position, length, CancellationToken.None);
        using var bytes = new MemoryStream();
        await command.Output.CopyToAsync(bytes);
        await command.EndAsync(CancellationToken.None);
        return bytes.ToArray();
    }

    private Task<CommandStream> RunAsync(string script, string[] arguments, CancellationToken cancellationToken) =>
        host.StartAsync(new HostCommand(["sh", "-c", script, "sh", path, .. arguments]), cancellationToken);
}
