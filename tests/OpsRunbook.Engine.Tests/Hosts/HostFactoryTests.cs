using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Tests.Hosts;

public class HostFactoryTests
{
    private readonly OpsStack _stack = new()
    {
        Name = "shop",
        Hosts =
        {
            ["app"] = new StackHost { Ssh = "ops@app.internal" },
            ["box"] = new StackHost { Container = "web" },
            ["here"] = new StackHost(),
        },
    };

    [Fact]
    public async Task Each_entry_makes_its_kind_of_host()
    {
        await using var ssh = HostFactory.Create("app", _stack);
        await using var container = HostFactory.Create("box", _stack);
        await using var named = HostFactory.Create("here", _stack);
        await using var local = HostFactory.Create("local", _stack);

        Assert.IsType<SshHost>(ssh);
        Assert.IsType<ContainerHost>(container);
        Assert.IsType<LocalHost>(named);
        Assert.IsType<LocalHost>(local);
        Assert.Equal(["app", "box", "here", "local"], new[] { ssh, container, named, local }.Select(host => host.Name));
    }

    [Fact]
    public async Task Local_may_be_another_machine()
    {
        _stack.Hosts["local"] = new StackHost { Ssh = "elsewhere" };

        await using var host = HostFactory.Create("local", _stack);

        Assert.IsType<SshHost>(host);
    }

    [Fact]
    public void An_unknown_name_is_refused_with_the_nearest_one()
    {
        var error = Assert.Throws<OpsException>(() => HostFactory.Create("bx", _stack));

        Assert.Equal("Stack.HostUnknown", error.Id);
        Assert.Contains("'box'", error.FullMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("host", "host", null)]
    [InlineData("ops@host", "ops@host", null)]
    [InlineData("ops@host:2222", "ops@host", 2222)]
    [InlineData("ops@[2001:db8::1]:22", "ops@2001:db8::1", 22)]
    [InlineData("2001:db8::1", "2001:db8::1", null)]
    [InlineData("ssh://ops@host:2222/", "ops@host", 2222)]
    [InlineData("me@corp@host", "me@corp@host", null)]
    public void Destinations_are_read(string text, string host, int? port) =>
        Assert.Equal(new SshDestination(host, port), SshDestination.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("-oProxyCommand=touch /tmp/x")]
    [InlineData("ops@-oProxyCommand=x")]
    [InlineData("-l@host")]
    [InlineData("host:0")]
    [InlineData("host:port")]
    [InlineData("a b")]
    [InlineData("host;id")]
    [InlineData("$(id)@host")]
    [InlineData("host\n")]
    [InlineData("ops@")]
    [InlineData(":22")]
    public void Destinations_that_could_be_options_or_shell_are_refused(string text) =>
        Assert.Equal("Host.DestinationInvalid", Assert.Throws<OpsException>(() => new SshHost("x", text)).Id);
}
