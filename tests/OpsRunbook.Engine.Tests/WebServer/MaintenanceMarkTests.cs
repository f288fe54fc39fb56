using System.Text;
using OpsRunbook.Engine.WebServer;

namespace OpsRunbook.Engine.Tests.WebServer;

public sealed class MaintenanceMarkTests
{
    private const string Owner = "shop/web";

    private static readonly MaintenanceRequest Request = new() { Allow = ["10.0.0.0/8"], OpenPaths = ["/health", "/.well-known/*"] };

    [Theory]
    [InlineData("http { server { listen 80; } }")]
    [InlineData("http {\n  server {\n    listen 80;\n  }\n}\n")]
    [InlineData("http {\r\n\tserver\r\n\t{ # the shop\r\n\t\tlisten 80;\r\n\t}\r\n}\r\n")]
    [InlineData("http{server{listen 80;}server{listen 81;}}")]
    [InlineData("http { # server { listen 1; }\n server { listen 80; return 200 '}{ server {'; } }")]
    [InlineData("stream { server { listen 1; } }\nhttp { upstream u { server 127.0.0.1:1; } server { listen 80; location / { proxy_pass http://u; } } }")]
    [InlineData("http { server { content_by_lua_block { local s = \"}\" -- it's }\n local t = [[ } ]] if s then ngx.say('{') end } listen 80; } server { listen 81; } }")]
    [InlineData("http { server { listen 80;")]
    public void What_is_added_is_taken_back_byte_for_byte(string text)
    {
        var closed = Enable(text);

        Assert.NotEqual(text, closed);
        Assert.Equal(text, MaintenanceMark.Remove(closed, Owner));
        Assert.Equal(closed, MaintenanceMark.Remove(closed, "shop/other"));

        // Once more is the same, and other settings replace the ones before.
        Assert.Equal(closed, Enable(closed));
        var other = Enable(closed, Request with { RetryAfter = TimeSpan.FromHours(1), Page = "/srv/ä\" page.html" });
        Assert.NotEqual(closed, other);
        Assert.Equal(closed, Enable(other));
        Assert.Equal(text, MaintenanceMark.Remove(other, Owner));

        // Opened, with the comment that stays until nginx has been told, and then without.
        var ended = Only(MaintenanceEdit.Disable(NginxConfiguration.Parse("f", closed), Owner, null).Files);
        Assert.Contains("maintenance \"shop/web\" ended", ended, StringComparison.Ordinal);
        Assert.DoesNotContain("begins", ended, StringComparison.Ordinal);
        Assert.Equal(text, Only(MaintenanceEdit.Finish(NginxConfiguration.Parse("f", ended), Owner)));
        Assert.Equal(closed, Enable(ended));
    }

    [Fact]
    public void Bytes_that_are_no_text_survive()
    {
        var bytes = Encoding.Latin1.GetString([.. Enumerable.Range(1, 255).Where(value => value is not ('"' or '\'' or '{' or '}' or ';' or '#' or '\\')).Select(value => (byte)value)]);
        var text = $"# {bytes.Replace('\n', ' ')}\nhttp {{ x {bytes}; server {{ listen 80; y {bytes}; }} }}\n";

        Assert.Equal(Encoding.Latin1.GetBytes(text), Encoding.Latin1.GetBytes(MaintenanceMark.Remove(Enable(text), Owner)));
    }

    [Fact]
    public void Only_the_sites_that_are_meant_are_closed_and_opened()
    {
        const string text = "http { server { listen 80; server_name a.example.com www.a.example.com; } server { listen 80; server_name b.example.com; } server { listen 8080; } }";

        var one = Enable(text, Request, "www.A.example.com");
        var two = Enable(one, Request, "b.*", "*:80");
        var all = Enable(two, Request);

        Assert.Equal(2, MaintenanceMark.Find(one).Count);
        Assert.Equal(4, MaintenanceMark.Find(two).Count);
        Assert.Equal(6, MaintenanceMark.Find(all).Count);
        Assert.Equal(Enable(text), all);
        var left = MaintenanceEdit.Disable(NginxConfiguration.Parse("f", all), Owner, new NameFilter(["b.example.com"]));
        Assert.Equal("b.example.com", Assert.Single(left.Sites).Name);
        Assert.Equal(4, MaintenanceMark.Find(Only(left.Files)).Count(mark => mark.Part != MaintenancePart.Ended));
        Assert.Equal("Maintenance.SiteNotFound", Assert.Throws<OpsException>(() => Enable(text, Request, "c.example.com")).Id);
    }

    [Fact]
    public void Edits_beside_the_marks_stay_and_edited_marks_are_left_alone_by_name()
    {
        var closed = Enable("http {\n server { listen 80;\n }\n}\n");
        var beside = closed.Replace("listen 80;", "listen 81; # changed\n", StringComparison.Ordinal).Replace("http {\n", "http {\n  gzip on;\n", StringComparison.Ordinal);
        var inside = closed.Replace("Retry-After 600", "Retry-After 60", StringComparison.Ordinal);
        var saved = closed.Replace("\n", "\r\n", StringComparison.Ordinal);

        Assert.Equal("http {\n  gzip on;\n server { listen 81; # changed\n\n }\n}\n", MaintenanceMark.Remove(beside, Owner));
        foreach (var edited in (string[])[inside, saved])
        {
            var error = Assert.Throws<OpsException>(() => MaintenanceEdit.Disable(NginxConfiguration.Parse("f", edited), Owner, null));
            Assert.Equal("Maintenance.MarkEdited", error.Id);
            Assert.Contains("from line ", error.Message, StringComparison.Ordinal);
            Assert.Equal("Maintenance.MarkEdited", Assert.Throws<OpsException>(() => Enable(edited)).Id);
        }

        // Of two marks only the one that is whole would go; a site without its condition would be refused by nginx.
        Assert.Equal("Maintenance.MarkEdited", Assert.Throws<OpsException>(() => MaintenanceEdit.Disable(NginxConfiguration.Parse("f", inside), Owner, new NameFilter(["*:80", "80"]))).Id);
    }

    [Fact]
    public void A_site_that_another_stack_has_closed_is_not_touched()
    {
        var closed = Enable("http { server { listen 80; server_name a; } server { listen 80; server_name b; } }", Request, "a");
        var configuration = NginxConfiguration.Parse("f", closed);

        var error = Assert.Throws<OpsException>(() => MaintenanceEdit.Enable(configuration, "other/web", Request, new NameFilter([])));
        var disable = MaintenanceEdit.Disable(configuration, "other/web", null);

        Assert.Equal("Maintenance.OwnedByOther", error.Id);
        Assert.Contains(Owner, error.Message, StringComparison.Ordinal);
        Assert.Empty(disable.Files);
        Assert.Equal([("a", Owner)], disable.Others);
        Assert.Single(MaintenanceEdit.Enable(configuration, "other/web", Request, new NameFilter(["b"])).Files);
    }

    [Theory]
    [InlineData("/health", true)]
    [InlineData("/api/v1.0/health-check", true)]
    [InlineData("/.well-known/acme-challenge/*", true)]
    [InlineData("/", false)]
    [InlineData("/*", false)]
    [InlineData("health", false)]
    [InlineData("/a\"; } return 200; #", false)]
    [InlineData("/$uri", false)]
    [InlineData("/a b", false)]
    [InlineData("/(a|b)", false)]
    [InlineData("/*/x", false)]
    [InlineData("/x\n", false)]
    public void Paths_that_could_mean_more_are_refused(string path, bool isValid) => AssertValid(new MaintenanceRequest { OpenPaths = [path] }, isValid);

    [Theory]
    [InlineData("192.0.2.7", true)]
    [InlineData("10.0.0.0/8", true)]
    [InlineData("2001:db8::/32", true)]
    [InlineData("::1", true)]
    [InlineData("0.0.0.0/0", false)]
    [InlineData("::/0", false)]
    [InlineData("10.0.0.0/33", false)]
    [InlineData("10.1", false)]
    [InlineData("example.com", false)]
    [InlineData("fe80::1%eth0", false)]
    [InlineData("", false)]
    [InlineData("1.2.3.4 1; default 1", false)]
    public void Only_addresses_and_networks_are_let_in(string address, bool isValid) => AssertValid(new MaintenanceRequest { Allow = [address] }, isValid);

    private static void AssertValid(MaintenanceRequest request, bool isValid)
    {
        if (isValid)
        {
            request.Validate();
        }
        else
        {
            Assert.Equal("Maintenance.ParameterInvalid", Assert.Throws<OpsException>(request.Validate).Id);
        }
    }

    private static string Enable(string text, MaintenanceRequest? request = null, params string[] sites)
    {
        var files = MaintenanceEdit.Enable(NginxConfiguration.Parse("f", text), Owner, request ?? Request, new NameFilter(sites)).Files;
        return files.Count == 0 ? text : Only(files);
    }

    private static string Only(IReadOnlyDictionary<string, string> files) => Assert.Single(files).Value;
}
