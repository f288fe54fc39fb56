using System.Text;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Tests.Stacks;
using OpsRunbook.Engine.WebServer;

namespace OpsRunbook.Engine.Tests.Services;

public sealed class UpstreamMarkTests
{
    private const string Owner = "shop/api";
    private const string Mark = " down; # opsrunbook: drained \"shop/api\"";

    [Theory]
    [InlineData("upstream b { server 127.0.0.1:3001; }", "upstream b { server 127.0.0.1:3001" + Mark + ", line broken here\n }")]
    [InlineData("upstream b {\n  server 127.0.0.1:3001;\n}\n", "upstream b {\n  server 127.0.0.1:3001" + Mark + "\n}\n")]
    [InlineData("upstream b {\r\n\tserver 127.0.0.1:3001;\r\n}\r\n", "upstream b {\r\n\tserver 127.0.0.1:3001" + Mark + "\r\n}\r\n")]
    [InlineData("upstream b {\n server 127.0.0.1:3001 weight=5 max_fails=2 ;\n}", "upstream b {\n server 127.0.0.1:3001 weight=5 max_fails=2 " + Mark + "\n}")]
    [InlineData("upstream b {\n server 127.0.0.1:3001; # the first\n}", "upstream b {\n server 127.0.0.1:3001" + Mark + " # the first\n}")]
    [InlineData("upstream b {\n server 127.0.0.1:3001;# close\n}", "upstream b {\n server 127.0.0.1:3001" + Mark + "# close\n}")]
    [InlineData("upstream b {\n server 127.0.0.1:3001 # why; not\n  weight=2;  \n}", "upstream b {\n server 127.0.0.1:3001 # why; not\n  weight=2" + Mark + "  \n}")]
    [InlineData("upstream b {\n server \"127.0.0.1:3001\";\n}", "upstream b {\n server \"127.0.0.1:3001\"" + Mark + "\n}")]
    [InlineData("upstream \"b\" {server 127.0.0.1:3001;server 127.0.0.1:3002;}\r\n", "upstream \"b\" {server 127.0.0.1:3001" + Mark + ", line broken here\nserver 127.0.0.1:3002;}\r\n")]
    [InlineData("upstream b { server 127.0.0.1:3001;", "upstream b { server 127.0.0.1:3001" + Mark)]
    [InlineData("upstream b { server localhost:3001; }", "upstream b { server localhost:3001" + Mark + ", line broken here\n }")]
    public void A_server_is_marked_with_the_smallest_edit_and_the_mark_is_taken_back_byte_for_byte(string text, string marked)
    {
        var result = MarkPort(text, 3001, Owner);

        Assert.Equal(marked, result);
        Assert.Equal(Owner, NginxUpstreams.Of(NginxConfiguration.Parse("f", result)).Servers.Single(server => server.Port == 3001).Owner);
        Assert.Equal(text, UpstreamMark.Remove(result, Owner));

        // On the way back there is a comment first, also when it is drained once more before that has gone.
        var resumed = UpstreamMark.Resume(result, Owner);
        Assert.True(UpstreamMark.IsResumed(resumed, Owner));
        Assert.False(UpstreamMark.IsResumed(resumed, "shop/a"));
        Assert.All(NginxUpstreams.Of(NginxConfiguration.Parse("f", resumed)).Servers, server => Assert.False(server.IsDown));
        Assert.Equal(text, UpstreamMark.Finish(resumed, Owner));
        Assert.Equal(text, UpstreamMark.Remove(MarkPort(resumed, 3001, Owner), Owner));
        Assert.Equal(text, UpstreamMark.Finish(UpstreamMark.Remove(MarkPort(resumed, 3001, "shop/other"), "shop/other"), Owner));
    }

    [Fact]
    public void Every_server_is_found_with_its_upstream_line_and_state()
    {
        const string text = """
            # upstream old { server 127.0.0.1:1; }
            http {
              server { listen 80; location / { proxy_pass http://127.0.0.1:9; } server_name "a;b" voil\ à; }
              upstream "front end" {
                least_conn; keepalive 16;
                server 127.0.0.1:3001; server [::1]:3002 weight=3 down; server unix:/run/app.sock;
                # server 127.0.0.1:3003;
                server backend.internal backup;
                server 'host-with-"quote":70';
                server 127.0.0.1:3001${x} down;
              }
            }
            """;

        var servers = NginxUpstreams.Of(NginxConfiguration.Parse("f", text)).Servers;

        Assert.Equal(
            [
                ("front end", 6, "127.0.0.1:3001", false), ("front end", 6, "[::1]:3002", true),
                ("front end", 6, "unix:/run/app.sock", false), ("front end", 8, "backend.internal:80", false),
                ("front end", 9, "host-with-\"quote\":70", false), ("front end", 10, "127.0.0.1:3001${x}", true),
            ],
            servers.Select(server => (server.Upstream, server.Line, server.Name, server.IsDown)));
        Assert.All(servers, server => Assert.Equal(';', text[server.End]));
        Assert.All(servers, server => Assert.Null(server.Owner));
    }

    [Fact]
    public void Down_that_the_operator_has_set_stays_and_so_do_the_marks_of_others()
    {
        const string text = "upstream b {\n server 127.0.0.1:3001 down;\n server 127.0.0.1:3002;\n server 127.0.0.1:3003 down; # opsrunbook\n}\n";

        var both = MarkPort(MarkPort(text, 3002, "shop/other"), 3002, Owner);

        Assert.Equal(MarkPort(text, 3002, "shop/other"), UpstreamMark.Remove(both, Owner));
        Assert.Equal(text, UpstreamMark.Remove(text, Owner));
        Assert.Equal(text, UpstreamMark.Remove(UpstreamMark.Remove(both, Owner), "shop/other"));
    }

    [Theory]
    [InlineData("a\" # opsrunbook: drained \"b")]
    [InlineData("x\", line broken here")]
    [InlineData("new\nline")]
    [InlineData("#; {}")]
    [InlineData("ä €")]
    public void Names_of_any_kind_are_told_apart(string name)
    {
        var owner = UpstreamMark.OwnerOf("shop", name);
        foreach (var text in (string[])["upstream b { server 127.0.0.1:3001; server 127.0.0.1:3002; }", "upstream b {\n server 127.0.0.1:3001;\n server 127.0.0.1:3002;\n}\n"])
        {
            var marked = MarkPort(text, 3001, owner);

            Assert.NotEqual(text, marked);
            Assert.Equal(text, UpstreamMark.Remove(marked, owner));
            Assert.Equal(marked, UpstreamMark.Remove(marked, "shop/a"));
            Assert.Equal(marked, UpstreamMark.Remove(marked, "shop/x"));
        }
    }

    [Theory]
    [InlineData("upstream b {\n server 127.0.0.1:3001; # opsrunbook: drained \"shop/api\"\n}\n")]
    [InlineData("upstream b {\n # server 127.0.0.1:3001 down; # opsrunbook: drained \"shop/api\"\n}\n")]
    [InlineData("upstream b {\n server 127.0.0.1:3001\tdown; # opsrunbook: drained \"shop/api\"\n}\n")]
    [InlineData("upstream b {\n server 127.0.0.1:3001 down; # opsrunbook: drained \"shop/api\" by hand\n}\n")]
    [InlineData("log_format f '; down; # opsrunbook: drained \"shop/api\"';\n")]
    public void What_is_not_exactly_our_mark_is_left_alone(string text) => Assert.Equal(text, UpstreamMark.Remove(text, Owner));

    [Fact]
    public void Bytes_that_are_no_text_survive()
    {
        var bytes = Enumerable.Range(1, 255).Where(value => value is not ('"' or '\'' or '{' or '}' or ';' or '#' or '\\')).Select(value => (byte)value).ToArray();
        var text = "# " + Encoding.Latin1.GetString(bytes).Replace('\n', ' ') + "\nx " + Encoding.Latin1.GetString(bytes) + ";\nupstream b {\n server 127.0.0.1:3001;\n}\n";

        var marked = MarkPort(text, 3001, Owner);

        Assert.Contains(Mark, marked, StringComparison.Ordinal);
        Assert.Equal(Encoding.Latin1.GetBytes(text), Encoding.Latin1.GetBytes(UpstreamMark.Remove(marked, Owner)));
    }

    [Fact]
    public async Task Includes_are_followed_and_their_servers_belong_to_the_block_that_includes_them()
    {
        using var folder = new TemporaryFolder();
        var main = folder.Write("nginx.conf", "http {\n include 'conf.d/with space/*.conf';\n upstream a { include \"servers.inc\"; }\n}\npid /run/x.pid;\n");
        var shared = folder.Write("servers.inc", "server 127.0.0.1:3001;\r\nserver 127.0.0.1:3002;");
        var other = folder.Write("conf.d/with space/b.conf", "upstream b {\n include servers.inc;\n server 127.0.0.1:3003; }\n");

        var configuration = await NginxConfiguration.ReadAsync(new OpsRunbook.Engine.Hosts.LocalHost(), main, default);
        var upstreams = NginxUpstreams.Of(configuration);

        Assert.Equal(
            [("a", shared, 1, 3001), ("a", shared, 2, 3002), ("b", shared, 1, 3001), ("b", shared, 2, 3002), ("b", other, 3, 3003)],
            upstreams.Servers.Select(server => (server.Upstream, server.File, server.Line, server.Port)).OrderBy(server => (server.Upstream, server.Port)));
        Assert.Equal("/run/x.pid", configuration.PidFile);
    }

    private static string MarkPort(string text, int port, string owner) => UpstreamMark.Add(
        text, NginxUpstreams.Of(NginxConfiguration.Parse("f", text)).Servers.Where(server => server.Port == port && !server.IsDown).Select(server => server.End), owner);
}
