using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks.Rotation;

/// <summary>Writes a rule of logrotate.</summary>
/// <param name="name">Entry of the stack's logs.</param>
/// <param name="stack">Name of the stack.</param>
/// <param name="files">Absolute paths and patterns.</param>
/// <param name="rotation">How they are rotated.</param>
internal sealed partial class LogRotationRule(string name, string stack, IReadOnlyList<string> files, StackLogRotation rotation)
{
    private static readonly SearchValues<char> Unwritable = SearchValues.Create("\"\\\n\r{}");

    /// <summary>What a rule has where the stack says nothing: a fortnight of days, as in the runbooks.</summary>
    public static StackLogRotation Usual => new() { Every = "daily", Count = 14, Compress = true, DelayCompress = true, MissingOk = true, NotIfEmpty = true };

    /// <summary>
    /// The same, for one turn that lets nothing go. The newest part stays as it is: older parts may be there both ways, and logrotate would
    /// move one that is not compressed out of the way of one that is to be.
    /// </summary>
    /// <param name="rotation">How the log is rotated.</param>
    /// <returns>A copy.</returns>
    public static StackLogRotation Once(StackLogRotation rotation) => new()
    {
        Count = 1000,
        Compress = true,
        DelayCompress = true,
        NotIfEmpty = true,
        Create = rotation.Create,
        After = rotation.After,
    };

    /// <summary>By whose rights the logs of a folder are rotated: logrotate refuses a folder that others than root may write to, unless it is told.</summary>
    /// <param name="host">The host.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>User and group; null for root.</returns>
    public static async Task<string?> UserAsync(IHost host, string folder, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(new HostCommand("stat", "-L", "-c", "%a %U %G %g", "--", folder), cancellationToken);
        return result.StandardOutput.Trim().Split(' ') is [{ Length: >= 3 } mode, var user, var group, var number] && (IsWritable(mode[^1]) || (IsWritable(mode[^2]) && number != "0"))
            ? $"{user} {group}"
            : null;

        static bool IsWritable(char digit) => ((digit - '0') & 2) != 0;
    }

    /// <summary>User and group by whose rights the logs are rotated, <c>app app</c>; null for root's, which is refused in folders that others may write to.</summary>
    public string? User { get; init; }

    /// <summary>The whole file.</summary>
    /// <exception cref="OpsException"><c>LogRotation.PathInvalid</c>, <c>LogRotation.ValueInvalid</c>.</exception>
    public string Text => $"# {OneLine(stack)}: {OneLine(name)}\n{string.Join(' ', files.Select(Quote))} {{\n{Body(forCopy: false)}}}\n";

    /// <summary>What is between the braces.</summary>
    /// <param name="forCopy">For a run on a copy: nobody is told to reopen anything, and the copies are root's.</param>
    /// <returns>Lines.</returns>
    public string Body(bool forCopy)
    {
        var body = new StringBuilder();
        Line(rotation.Every);
        Line(rotation.MaxSize is { } size ? (rotation.Every is null ? "size " : "maxsize ") + size.ToString(CultureInfo.InvariantCulture) : null);
        Line("rotate " + (rotation.Count ?? 14).ToString(CultureInfo.InvariantCulture));
        Line(rotation.Compress ? "compress" : "nocompress");
        Line(rotation is { Compress: true, DelayCompress: true } ? "delaycompress" : null);
        Line(rotation.MissingOk ? "missingok" : null);
        Line(rotation.NotIfEmpty ? "notifempty" : null);
        Line(rotation.Create is { } create ? "create " + (CreateWords().IsMatch(create) ? create : throw Invalid("create", create)) : null);
        Line(User is not null && !forCopy ? "su " + User : null);

        // Who cannot be told to reopen its log goes on writing to the old one, wherever that is moved.
        Line(rotation.After is not { Count: > 0 } ? "copytruncate" : null);
        if (rotation.After is { Count: > 0 } after && !forCopy)
        {
            Line("sharedscripts");
            Line("postrotate");
            Line("    " + OneLine(PosixShell.Quote(after)));
            Line("endscript");
        }

        return body.ToString();

        void Line(string? text)
        {
            if (text is not null)
            {
                body.Append("    ").Append(text).Append('\n');
            }
        }
    }

    /// <summary>What a log of this name has become after two turns.</summary>
    /// <param name="log">Name of the log.</param>
    /// <returns>Names that must be there.</returns>
    public IEnumerable<string> AfterTwoTurns(string log) => (rotation.Count ?? 14) switch
    {
        0 => [],
        1 => [log + First],
        _ => [log + First, log + (rotation.Compress ? ".2.gz" : ".2")],
    };

    private string First => rotation is { Compress: true, DelayCompress: false } ? ".1.gz" : ".1";

    private static string Quote(string file) => file.AsSpan().IndexOfAny(Unwritable) >= 0
        ? throw new OpsException("LogRotation.PathInvalid", OpsErrorKind.InvalidArgument, $"logrotate cannot be told the path '{file}'.", "Rename the log.", file)
        : file.Contains(' ', StringComparison.Ordinal) ? $"\"{file}\"" : file;

    private static string OneLine(string text) => text.AsSpan().IndexOfAny('\n', '\r') >= 0 ? throw Invalid("after", text) : text;

    private static OpsException Invalid(string key, string value) => new(
        "LogRotation.ValueInvalid", OpsErrorKind.InvalidData, $"'{value}' is no value for '{key}' of a log's rotation.", "Write for example 'create: 0644 app app'.", key);

    [GeneratedRegex("^[0-7]{3,4}(?: [A-Za-z0-9_.$-]+(?: [A-Za-z0-9_.$-]+)?)?\\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex CreateWords();
}
