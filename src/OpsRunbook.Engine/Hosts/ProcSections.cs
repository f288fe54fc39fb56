using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Hosts;

/// <summary>A piece of a script's output.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Argument">What it is about; empty for nothing.</param>
/// <param name="Content">The bytes.</param>
internal sealed record ProcSection(string Kind, string Argument, ReadOnlyMemory<byte> Content);

/// <summary>Scripts that print <c>/proc</c> in one go, and what is read from their output.</summary>
internal static partial class ProcSections
{
    /// <summary>Stands in the scripts where the mark of this one call goes.</summary>
    public const string MarkPlaceholder = "@MARK@";

    public const string ProcessScript = """
        echo '@MARK@ users'
        cat /etc/passwd 2>/dev/null
        echo '@MARK@ stat'
        cat /proc/stat
        for p in /proc/[0-9]*; do
          echo "@MARK@ process ${p#/proc/}"
          cat "$p/stat" "$p/status" "$p/cgroup" - "$p/cmdline" 2>/dev/null <<X
        @MARK@ arguments
        X
        done
        echo '@MARK@ end'
        """;

    public const string SocketScript = """
        for t in tcp tcp6 udp udp6; do
          echo "@MARK@ $t"
          cat "/proc/net/$t" 2>/dev/null
        done
        if find /proc/self/fd -maxdepth 0 -printf '' 2>/dev/null; then
          echo '@MARK@ found'
          find /proc/[0-9]*/fd -lname 'socket:*' -printf '%h %l\n' 2>/dev/null
        else
          for p in /proc/[0-9]*; do
            echo "@MARK@ descriptors ${p#/proc/}"
            ls -l "$p/fd" 2>/dev/null
          done
        fi
        echo
        echo '@MARK@ end'
        """;

    public static List<ProcSection> Split(ReadOnlyMemory<byte> output, string mark)
    {
        var sections = new List<ProcSection>();
        var separator = Encoding.ASCII.GetBytes(mark + " ");
        var next = output.Span.IndexOf(separator);
        while (next >= 0)
        {
            output = output[(next + separator.Length)..];
            next = output.Span.IndexOf(separator);
            var section = next < 0 ? output : output[..next];
            var line = section.Span.IndexOf((byte)'\n');
            if (line < 0)
            {
                break;
            }

            var head = Encoding.ASCII.GetString(section.Span[..line]).Split(' ', 2);
            sections.Add(new ProcSection(head[0], head.Length > 1 ? head[1] : string.Empty, section[(line + 1)..]));
        }

        return sections;
    }

    public static string Users(IEnumerable<ProcSection> sections) => Text(sections, "users");

    public static List<HostProcess> Processes(IReadOnlyList<ProcSection> sections)
    {
        var bootTime = ProcParser.ParseBootTime(Text(sections, "stat"));
        var processes = new List<HostProcess>();
        for (var i = 0; i < sections.Count; i++)
        {
            if (sections[i].Kind != "process" || !TryNumber(sections[i].Argument, out var pid))
            {
                continue;
            }

            var arguments = i + 1 < sections.Count && sections[i + 1].Kind == "arguments" ? sections[i + 1].Content : default;
            if (ProcParser.ParseProcess(pid, sections[i].Content.Span, arguments.Span, bootTime) is { } process)
            {
                processes.Add(process);
            }
        }

        return processes.OrderBy(process => process.Pid).ToList();
    }

    public static IEnumerable<(HostSocket Socket, long Inode)> Sockets(IEnumerable<ProcSection> sections) => sections
        .Where(section => section.Kind is "tcp" or "tcp6" or "udp" or "udp6")
        .SelectMany(section => ProcParser.ParseSockets(Encoding.ASCII.GetString(section.Content.Span), section.Kind[..3]));

    public static IEnumerable<(long Inode, int Pid)> Owners(IEnumerable<ProcSection> sections)
    {
        var owners = new List<(long Inode, int Pid)>();
        foreach (var section in sections.Where(section => section.Kind is "found" or "descriptors"))
        {
            var text = Encoding.UTF8.GetString(section.Content.Span);
            foreach (Match match in (section.Kind == "found" ? FoundLine() : ListedLine()).Matches(text))
            {
                var pid = section.Kind == "found" ? match.Groups["pid"].Value : section.Argument;
                if (TryNumber(pid, out var owner)
                    && long.TryParse(match.Groups["inode"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var inode))
                {
                    owners.Add((inode, owner));
                }
            }
        }

        return owners.OrderBy(owner => owner.Pid);
    }

    private static string Text(IEnumerable<ProcSection> sections, string kind) =>
        Encoding.UTF8.GetString((sections.FirstOrDefault(section => section.Kind == kind)?.Content ?? default).Span);

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    [GeneratedRegex(@"^/proc/(?<pid>[0-9]+)/fd socket:\[(?<inode>[0-9]+)\]\r?$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex FoundLine();

    [GeneratedRegex(@" -> socket:\[(?<inode>[0-9]+)\]\r?$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex ListedLine();
}
