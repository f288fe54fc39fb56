using System.Net;
using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Tests.Hosts;

public class ProcParserTests
{
    private const string Fields = " S 7 1 1 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 1000 5000000 2000 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
    private const string Status = "Name:\tx\nUid:\t33\t33\t33\t33\nVmRSS:\t    2048 kB\n";
    private static readonly DateTime Boot = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData("nginx")]
    [InlineData("a) b")]
    [InlineData("a) S 1 2 3")]
    [InlineData("(sd-pam)")]
    [InlineData("new\nline")]
    [InlineData("\nUid:\t0\t0\t0")]
    [InlineData(") Z 1 1\n1 (x) ")]
    [InlineData("")]
    [InlineData("ünï")]
    public void Any_name_is_read_whole_and_forges_nothing(string name)
    {
        var process = Parse(name, Status + "0::/system.slice/app.service\n", "app\0");

        Assert.NotNull(process);
        Assert.Equal((name, 'S', 7, "33", 2048 * 1024L), (process.Name, process.State, process.ParentPid, process.User, process.ResidentBytes));
        Assert.Equal(TimeSpan.FromSeconds(3), process.CpuTime);
        Assert.Equal(Boot.AddSeconds(10), process.StartTime);
        Assert.Equal("/system.slice/app.service", process.ControlGroup);
    }

    [Theory]
    [InlineData("node\0server.js\0", new[] { "node", "server.js" })]
    [InlineData("sh\0-c\0\0", new[] { "sh", "-c" })]
    [InlineData("a\0\0b\0", new[] { "a", "", "b" })]
    [InlineData("nginx: master process\0\0\0\0", new[] { "nginx: master process" })]
    [InlineData("", new string[0])]
    [InlineData("0::/forged\n\0", new[] { "0::/forged\n" })]
    public void Arguments_are_split_at_their_ends(string commandLine, string[] expected) =>
        Assert.Equal(expected, Parse("x", Status, commandLine)!.CommandLine);

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(40)]
    [InlineData(140)]
    public void A_process_that_vanished_while_it_was_read_is_left_out(int length) =>
        Assert.Null(ProcParser.ParseProcess(42, Encoding.UTF8.GetBytes($"42 (x){Fields}{Status}").AsSpan(0, length), default, Boot));

    [Theory]
    [InlineData("0::/user.slice/a.service\n", "/user.slice/a.service")]
    [InlineData("12:cpu:/\n1:name=systemd:/system.slice/b.service\n0::/\n", "/system.slice/b.service")]
    [InlineData("1:name=systemd:/\n0::/x\n", "/x")]
    [InlineData("4:memory:/other\n", "")]
    [InlineData("nonsense\n::\n", "")]
    public void The_control_group_is_systemds(string lines, string expected) =>
        Assert.Equal(expected, Parse("x", Status + lines, string.Empty)!.ControlGroup);

    [Fact]
    public void Sockets_are_read_from_all_four_tables()
    {
        const string tcp = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   112        0 20001 1 0000000000000000 100 0 0 10 0
               1: 0100007F:0CEA 0100007F:1234 01 00000000:00000000 00:00000000 00000000   112        0 20002 1 0000000000000000 100 0 0 10 0
               2: 00000000:ZZZZ 00000000:0000 0A 00000000:00000000 00:00000000 00000000   112        0 20003 1
               3: 0000
            """;
        const string tcp6 = "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 30001 1\n"
            + "   1: 0000000000000000FFFF00000100007F:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 30002 1\n";
        const string udp = "  10: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 40001 2\n"
            + "  11: 0100007F:D431 0100007F:0035 01 00000000:00000000 00:00000000 00000000     0        0 40002 2\n";

        Assert.Equal([(new HostSocket("tcp", IPAddress.Loopback, 3306, null), 20001L)], ProcParser.ParseSockets(tcp, "tcp"));
        Assert.Equal(
            [(new HostSocket("tcp", IPAddress.IPv6Loopback, 8080, null), 30001L), (new HostSocket("tcp", IPAddress.Loopback, 8081, null), 30002L)],
            ProcParser.ParseSockets(tcp6, "tcp"));
        Assert.Equal([(new HostSocket("udp", IPAddress.Any, 53, null), 40001L)], ProcParser.ParseSockets(udp, "udp"));
    }

    [Fact]
    public void Only_established_connections_are_open_ones()
    {
        const string rest = " 00000000:00000000 00:00000000 00000000     0        0 ";
        var tcp = $"  sl  local_address rem_address   st\n   0: 0100007F:0BB9 00000000:0000 0A{rest}1 1\n   1: 0100007F:0BB9 0200007F:D431 01{rest}2 1\n"
            + $"   2: 0100007F:0BB9 0200007F:D432 06{rest}0 3\n   3: 0100007F:0BB9 0200007F:D433 08{rest}4 1\n   4: broken\n";
        var tcp6 = $"   0: 0000000000000000FFFF00000100007F:0BB9 0000000000000000FFFF00000200007F:D434 01{rest}5 1\n";

        Assert.Equal([(IPEndPoint.Parse("127.0.0.1:3001"), IPEndPoint.Parse("127.0.0.2:54321"), 2L)], ProcParser.ParseConnections(tcp));
        Assert.Equal([(IPEndPoint.Parse("127.0.0.1:3001"), IPEndPoint.Parse("127.0.0.2:54324"), 5L)], ProcParser.ParseConnections(tcp6));
    }

    [Fact]
    public void A_shared_socket_belongs_to_the_master_and_appears_once()
    {
        var socket = new HostSocket("tcp", IPAddress.Any, 80, null);

        var joined = SocketOwners.Join([(socket, 7), (socket, 7), (socket with { Port = 22 }, 8)], [(7, 100), (7, 101), (9, 102)]);

        Assert.Equal([socket with { Port = 22 }, socket with { Pid = 100 }], joined);
    }

    [Fact]
    public void Sections_are_only_what_stands_behind_the_mark()
    {
        var mark = "4F2A";
        var evil = "x\n4F2B process 1\n";
        var output = $"noise\n{mark} stat\nbtime 1767225600\n{mark} process 42\n42 (x){Fields}{Status}0::/a\n{mark} arguments\n{evil}\0{mark} process 43\n{mark} arguments\n{mark} end\n";

        var sections = ProcSections.Split(Encoding.UTF8.GetBytes(output), mark);

        var process = Assert.Single(ProcSections.Processes(sections));
        Assert.Equal((42, evil), (process.Pid, process.CommandLine[0]));
        Assert.Equal(Boot.AddSeconds(10), process.StartTime);
        Assert.Equal("end", sections[^1].Kind);
    }

    [Fact]
    public void Owners_are_read_from_find_and_from_ls()
    {
        ProcSection[] sections =
        [
            new("found", "", Encoding.UTF8.GetBytes("/proc/12/fd socket:[77]\n/proc/3/fd socket:[78]\n/proc/x/fd socket:[1]\n")),
            new("descriptors", "9", Encoding.UTF8.GetBytes("lrwx------ 1 root root 64 Jan  1 00:00 4 -> socket:[79]\nlrwx------ 1 root root 64 Jan  1 00:00 5 -> /tmp/socket:[80] x\n")),
        ];

        Assert.Equal([(78L, 3), (79L, 9), (77L, 12)], ProcSections.Owners(sections));
    }

    [Fact]
    public void Users_are_named_by_their_first_line() =>
        Assert.Equal(
            new Dictionary<string, string> { ["0"] = "root", ["33"] = "www-data" },
            ProcParser.ParseUsers("root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\nbroken\n:x:5:\n"));

    private static HostProcess? Parse(string name, string rest, string commandLine) =>
        ProcParser.ParseProcess(42, Encoding.UTF8.GetBytes($"42 ({name}){Fields}{rest}"), Encoding.UTF8.GetBytes(commandLine), Boot);
}
