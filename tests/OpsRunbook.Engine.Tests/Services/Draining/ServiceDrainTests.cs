using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Safety;
using OpsRunbook.Engine.Tests.Stacks;
using OpsRunbook.Engine.WebServer;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Services;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ServiceDrainTests
{
    private const int WantedRequests = 2000;

    [SkippableTheory]
    [InlineData("")]
    [InlineData("keepalive 16;")]
    public async Task No_request_fails_while_each_of_two_servers_is_drained_killed_and_started_again(string upstream)
    {
        await using var first = await Servers.NewAppAsync();
        await using var second = await Servers.NewAppAsync();
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, upstream, first.Port, second.Port));
        var before = await File.ReadAllBytesAsync(nginx.ConfigFile);
        var output = new RecordedOutput();
        await using var session = new StackSession(Stack(nginx, ("first", first.Port), ("second", second.Port)));
        await using var load = new ConstantLoad(nginx.Url);

        foreach (var (name, server) in new[] { ("first", first), ("second", second) })
        {
            await load.AdvanceAsync(300);
            var drain = Drain(session, name);
            var report = await drain.BeginAsync(output, default);
            Assert.True(report.IsQuiet, report.Message);
            Assert.Contains($"127.0.0.1:{server.Port} is down in upstream backend of web", report.Message, StringComparison.Ordinal);
            await server.KillAsync();
            await load.AdvanceAsync(300);
            await server.StartAsync();
            await drain.ResumeAsync(default);
        }

        await load.AdvanceAsync(Math.Max(300, WantedRequests - load.Succeeded));
        await load.StopAsync();

        Assert.Empty(load.Failures);
        Assert.True(load.Succeeded >= WantedRequests, $"{load.Succeeded}");
        Assert.True(load.Slow >= 100, $"{load.Slow}");
        Assert.Equal(before, await File.ReadAllBytesAsync(nginx.ConfigFile));
        Assert.Contains(output.ProgressLines, line => line.StartsWith("Draining first: ", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Without_draining_the_same_load_sees_failures()
    {
        await using var first = await Servers.NewAppAsync();
        await using var second = await Servers.NewAppAsync();
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, string.Empty, first.Port, second.Port));
        await using var load = new ConstantLoad(nginx.Url);

        await load.AdvanceAsync(100);
        await first.KillAsync();
        await load.AdvanceAsync(100);
        await load.StopAsync();

        Assert.NotEmpty(load.Failures);
    }

    [SkippableFact]
    public async Task A_drained_server_gets_no_request_until_it_is_resumed()
    {
        await using var first = await Servers.NewAppAsync();
        await using var second = await Servers.NewAppAsync();
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, string.Empty, first.Port, second.Port));
        await using var session = new StackSession(Stack(nginx, ("first", first.Port), ("second", second.Port)));
        using var client = new HttpClient();

        await Drain(session, "first").BeginAsync(SilentOutput.Instance, default);
        var drained = await PortsAsync(client, nginx);
        await Drain(session, "first").ResumeAsync(default);
        var resumed = await PortsAsync(client, nginx);

        Assert.Equal([second.Port], drained);
        Assert.Equal(new[] { first.Port, second.Port }.Order(), resumed.Order());
    }

    [SkippableFact]
    public async Task A_connection_that_never_ends_is_reported_with_its_number_and_origin()
    {
        await using var app = await Servers.NewAppAsync();
        await using var session = new StackSession(new OpsStack
        {
            Name = "shop",
            Services = { ["api"] = Service(app.Port, new StackDrain { Timeout = TimeSpan.FromMilliseconds(400), Quiet = TimeSpan.FromMilliseconds(100) }) },
        });
        using var stuck = Process.Start(new ProcessStartInfo("bash", ["-c", $"exec 3<>/dev/tcp/127.0.0.1/{app.Port} 4<>/dev/tcp/127.0.0.1/{app.Port}; echo ready; exec sleep 600"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        try
        {
            await stuck.StandardOutput.ReadLineAsync();

            var report = await Drain(session, "api").BeginAsync(SilentOutput.Instance, default);

            Assert.False(report.IsQuiet);
            Assert.Equal($"port {app.Port} still had 2 connections from 127.0.0.1 after 400ms", report.Message);
        }
        finally
        {
            stuck.Kill();
        }

        // What is left of them is TIME_WAIT at most, and a connection of our own is none to wait for.
        using var own = new TcpClient();
        await own.ConnectAsync(IPAddress.Loopback, app.Port);
        var after = await Drain(session, "api").BeginAsync(SilentOutput.Instance, default);
        Assert.True(after.IsQuiet, after.Message);
    }

    [SkippableFact]
    public async Task A_request_that_runs_is_waited_for()
    {
        await using var app = await Servers.NewAppAsync();
        await using var session = new StackSession(new OpsStack
        {
            Name = "shop",
            Services = { ["api"] = Service(app.Port, new StackDrain { Quiet = TimeSpan.FromMilliseconds(200) }) },
        });
        using var request = Process.Start(new ProcessStartInfo("bash", ["-c", $"exec 3<>/dev/tcp/127.0.0.1/{app.Port}; printf 'GET /wait?ms=1500 HTTP/1.0\\r\\n\\r\\n' >&3; echo sent; cat <&3"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        await request.StandardOutput.ReadLineAsync();

        var report = await Drain(session, "api").BeginAsync(SilentOutput.Instance, default);
        await app.KillAsync();

        Assert.True(report.IsQuiet, report.Message);
        Assert.Contains("\"status\":\"ok\"", await request.StandardOutput.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Marks_of_a_killed_run_are_found_and_taken_back()
    {
        await using var first = await Servers.NewAppAsync();
        await using var second = await Servers.NewAppAsync();
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, string.Empty, first.Port, second.Port));
        var before = await File.ReadAllTextAsync(nginx.ConfigFile);
        var stack = Stack(nginx, ("first", first.Port), ("second", second.Port));
        using var client = new HttpClient();

        // It wrote the mark and was killed before it told nginx.
        var marked = UpstreamMark.Add(before, [before.IndexOf(';', before.IndexOf($"127.0.0.1:{first.Port}", StringComparison.Ordinal))], UpstreamMark.OwnerOf("shop", "first"));
        await File.WriteAllTextAsync(nginx.ConfigFile, marked);
        await using (var session = new StackSession(stack))
        {
            // The other one may not go as well.
            var error = await Assert.ThrowsAsync<OpsException>(() => Drain(session, "second").BeginAsync(SilentOutput.Instance, default));
            Assert.Equal("Drain.LastServer", error.Id);
            Assert.Contains("drained by shop/first", error.Message, StringComparison.Ordinal);

            // The same one is drained as if nothing had been done.
            Assert.True((await Drain(session, "first").BeginAsync(SilentOutput.Instance, default)).IsQuiet);
            Assert.Equal(marked, await File.ReadAllTextAsync(nginx.ConfigFile));
            Assert.Equal([second.Port], await PortsAsync(client, nginx));
        }

        await using (var session = new StackSession(stack))
        {
            await Drain(session, "first").ResumeAsync(default);
            await Drain(session, "first").ResumeAsync(default);
        }

        Assert.Equal(before, await File.ReadAllTextAsync(nginx.ConfigFile));
        Assert.Equal(2, (await PortsAsync(client, nginx)).Count);
    }

    [SkippableFact]
    public async Task A_run_that_is_killed_before_nginx_knows_of_the_way_back_is_finished_by_the_next()
    {
        await using var first = await Servers.NewAppAsync();
        await using var second = await Servers.NewAppAsync();
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, string.Empty, first.Port, second.Port));
        var before = await File.ReadAllTextAsync(nginx.ConfigFile);
        await using var session = new StackSession(Stack(nginx, ("first", first.Port), ("second", second.Port)));
        using var client = new HttpClient();
        await Drain(session, "first").BeginAsync(SilentOutput.Instance, default);

        // Its manager is told nothing before the file says so, and what it is told by is all that a kill there leaves.
        string? seen = null;
        await using var host = new LocalHost();
        await Assert.ThrowsAsync<OpsException>(() => new NginxDrain(host, Web(nginx), UpstreamMark.OwnerOf("shop", "first"), async token =>
        {
            seen = await File.ReadAllTextAsync(nginx.ConfigFile, token);
            throw new OpsException("Test.Killed", OpsErrorKind.OperationFailed, "killed", "none");
        }).UnmarkAsync(default));
        Assert.NotEqual(before, seen);
        await File.WriteAllTextAsync(nginx.ConfigFile, seen);
        Assert.Equal([second.Port], await PortsAsync(client, nginx));

        await Drain(session, "first").ResumeAsync(default);

        Assert.Equal(2, (await PortsAsync(client, nginx)).Count);
        Assert.Equal(before, await File.ReadAllTextAsync(nginx.ConfigFile));
    }

    [SkippableFact]
    public async Task Two_drains_in_one_file_at_the_same_time_keep_each_others_marks()
    {
        await using var first = await Servers.NewAppAsync();
        await using var second = await Servers.NewAppAsync();
        await using var third = await Servers.NewAppAsync();
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, string.Empty, first.Port, second.Port, third.Port));
        var before = await File.ReadAllBytesAsync(nginx.ConfigFile);
        var stack = Stack(nginx, ("first", first.Port), ("second", second.Port), ("third", third.Port));
        await using var session = new StackSession(stack);
        using var client = new HttpClient();

        await Task.WhenAll(Drain(session, "first").BeginAsync(SilentOutput.Instance, default), Drain(session, "second").BeginAsync(SilentOutput.Instance, default));
        var drained = await PortsAsync(client, nginx);
        await Task.WhenAll(Drain(session, "first").ResumeAsync(default), Drain(session, "second").ResumeAsync(default));

        Assert.Equal([third.Port], drained);
        Assert.Equal(3, (await PortsAsync(client, nginx)).Count);
        Assert.Equal(before, await File.ReadAllBytesAsync(nginx.ConfigFile));
    }

    [SkippableFact]
    public async Task A_file_that_another_program_changes_meanwhile_keeps_that_change()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, string.Empty, 1, 2, 3));
        var target = Web(nginx);
        await using var host = new LocalHost();
        var calls = 0;

        await new NginxDrain(host, target, UpstreamMark.OwnerOf("shop", "first"), null).MarkAsync(
            async upstreams =>
            {
                if (calls++ == 0)
                {
                    var text = await File.ReadAllTextAsync(nginx.ConfigFile);
                    await File.WriteAllTextAsync(nginx.ConfigFile, UpstreamMark.Add(text, upstreams.Servers.Where(server => server.Port == 2).Select(server => server.End), "another/run"));
                }

                return upstreams.Servers.Where(server => server.Port == 1).ToList();
            },
            default);

        var upstreams = NginxUpstreams.Of(await NginxConfiguration.ReadAsync(host, nginx.ConfigFile, default));
        Assert.Equal(2, calls);
        Assert.Equal(["shop/first", "another/run", null], upstreams.Servers.Select(server => server.Owner));
    }

    [SkippableFact]
    public async Task Programs_that_know_nothing_of_each_other_keep_each_others_marks()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, string.Empty, 1, 2, 3, 4));
        var before = await File.ReadAllBytesAsync(nginx.ConfigFile);

        // Hosts of different names do not wait for each other, as two processes do not.
        var drains = Enumerable.Range(1, 3).Select(port => (Port: port, Drain: new NginxDrain(new LocalHost($"h{port}"), Web(nginx), $"shop/{port}", null))).ToList();
        for (var round = 0; round < 5; round++)
        {
            await Task.WhenAll(drains.Select(drain => drain.Drain.MarkAsync(
                upstreams => Task.FromResult<IReadOnlyList<UpstreamServer>>(upstreams.Servers.Where(server => server.Port == drain.Port).ToList()), default)));
            await using var host = new LocalHost();
            Assert.Equal(["shop/1", "shop/2", "shop/3", null], NginxUpstreams.Of(await NginxConfiguration.ReadAsync(host, nginx.ConfigFile, default)).Servers.Select(server => server.Owner));
            await Task.WhenAll(drains.Select(drain => drain.Drain.UnmarkAsync(default)));
            await Task.WhenAll(drains.Select(drain => drain.Drain.FinishAsync()));
            Assert.Equal(before, await File.ReadAllBytesAsync(nginx.ConfigFile));
        }
    }

    [SkippableFact]
    public async Task A_mark_that_somebody_has_edited_is_not_passed_over_in_silence()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, string.Empty, 1, 2));
        await using var session = new StackSession(Stack(nginx, ("first", 1), ("second", 2)));
        await Drain(session, "first").BeginAsync(SilentOutput.Instance, default);
        var edited = (await File.ReadAllTextAsync(nginx.ConfigFile)).Replace("max_fails=0 down;", "down  max_fails=1;", StringComparison.Ordinal);
        await File.WriteAllTextAsync(nginx.ConfigFile, edited);

        var error = await Assert.ThrowsAsync<OpsException>(() => Drain(session, "first").ResumeAsync(default));

        Assert.Equal("Drain.MarkEdited", error.Id);
        Assert.Contains($"{nginx.ConfigFile}:{edited[..edited.IndexOf("127.0.0.1:1 ", StringComparison.Ordinal)].Count(letter => letter == '\n') + 1} ", error.Message, StringComparison.Ordinal);
        Assert.Equal(edited, await File.ReadAllTextAsync(nginx.ConfigFile));
    }

    [SkippableFact]
    public async Task Nginx_under_systemd_is_reloaded_by_it()
    {
        var machine = await Servers.SystemdHostAsync();
        var file = $"/etc/nginx/conf.d/drain-{Environment.ProcessId}.conf";
        await machine.ExecuteAsync($"cat > {file}", $"upstream drained {{ server 127.0.0.1:{machine.AppPort}; server 127.0.0.1:1; }}\n");
        var stack = new OpsStack
        {
            Name = "shop",
            Hosts = { ["vm"] = new StackHost { Ssh = machine.Destination, Identity = machine.IdentityFile, Options = new Dictionary<string, string>(machine.Options) } },
            WebServers = { ["nginx"] = new StackWebServer { Manager = ServiceManagerKind.Systemd, Host = "vm" } },
            Services = { ["api"] = Service(machine.AppPort, new StackDrain { WebServer = "nginx", Quiet = TimeSpan.FromMilliseconds(200) }) },
        };
        (stack.Services["api"].Host, stack.Services["api"].Manager, stack.Services["api"].Unit) = ("vm", ServiceManagerKind.Systemd, machine.AppUnit);
        await using var session = new StackSession(stack);
        try
        {
            var report = await Drain(session, "api").BeginAsync(SilentOutput.Instance, default);
            var marked = await machine.ExecuteAsync($"cat {file}");
            await Drain(session, "api").ResumeAsync(default);

            Assert.Contains($"127.0.0.1:{machine.AppPort} is down in upstream drained of nginx", report.Message, StringComparison.Ordinal);
            Assert.Contains("down; # opsrunbook: drained \"shop/api\"", marked, StringComparison.Ordinal);
            Assert.Equal($"upstream drained {{ server 127.0.0.1:{machine.AppPort}; server 127.0.0.1:1; }}\n", await machine.ExecuteAsync($"cat {file}"));
            Assert.Contains("Reloaded", await machine.ExecuteAsync("journalctl -u nginx --no-pager | tail -5"), StringComparison.Ordinal);
        }
        finally
        {
            await machine.ExecuteAsync($"rm -f {file}; systemctl reload nginx");
        }
    }

    [SkippableFact]
    public async Task An_invalid_configuration_is_refused_with_file_and_line_and_nothing_is_changed()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, string.Empty, 1, 2));
        await using var session = new StackSession(Stack(nginx, ("first", 1), ("second", 2)));
        var broken = await File.ReadAllTextAsync(nginx.ConfigFile) + "nonsense;\n";
        await File.WriteAllTextAsync(nginx.ConfigFile, broken);

        var error = await Assert.ThrowsAsync<OpsException>(() => Drain(session, "first").BeginAsync(SilentOutput.Instance, default));

        Assert.Equal("Drain.WebServerInvalid", error.Id);
        Assert.Contains($"{nginx.ConfigFile}:{broken.Count(letter => letter == '\n')}", error.Message, StringComparison.Ordinal);
        Assert.Equal(broken, await File.ReadAllTextAsync(nginx.ConfigFile));
    }

    [SkippableFact]
    public async Task A_change_that_nginx_does_not_accept_is_taken_back_byte_for_byte()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, string.Empty, 1, 2));
        var before = await File.ReadAllTextAsync(nginx.ConfigFile);
        await using var host = new LocalHost();

        // The mark goes where no server is, so that nginx must refuse it.
        var drain = new NginxDrain(host, Web(nginx), "shop/first", null);
        var error = await Assert.ThrowsAsync<OpsException>(() => drain.MarkAsync(
            upstreams => Task.FromResult<IReadOnlyList<UpstreamServer>>([upstreams.Servers[0] with { End = before.IndexOf(';', StringComparison.Ordinal) }]), default));

        Assert.Equal("Drain.WebServerInvalid", error.Id);
        Assert.Equal(before, await File.ReadAllTextAsync(nginx.ConfigFile));

        // Nor is a mark lost when the configuration has become invalid by something else meanwhile.
        await drain.MarkAsync(upstreams => Task.FromResult<IReadOnlyList<UpstreamServer>>([upstreams.Servers[0]]), default);
        var broken = await File.ReadAllTextAsync(nginx.ConfigFile) + "nonsense;\n";
        await File.WriteAllTextAsync(nginx.ConfigFile, broken);
        error = await Assert.ThrowsAsync<OpsException>(() => drain.UnmarkAsync(default));
        Assert.Equal("Drain.WebServerInvalid", error.Id);
        Assert.Equal(broken, await File.ReadAllTextAsync(nginx.ConfigFile));
    }

    [SkippableFact]
    public async Task A_server_in_an_included_file_is_drained_over_ssh()
    {
        var sshd = await Servers.SshdAsync();
        await using var first = await Servers.NewAppAsync();
        await using var second = await Servers.NewAppAsync();
        await using var nginx = await Servers.NewNginxAsync(server =>
        {
            var folder = Directory.CreateDirectory(Path.Combine(server.Folder, "sites enabled")).FullName;
            File.WriteAllText(Path.Combine(folder, "shop.conf"), $"upstream backend {{\r\n\tserver localhost:{first.Port}; server 127.0.0.1:{second.Port} weight=2;\r\n}}\r\n");
            return $"include \"sites enabled/*.conf\"; server {{ listen 127.0.0.1:{server.Port}; location / {{ proxy_pass http://backend; }} }}";
        });
        var file = Path.Combine(nginx.Folder, "sites enabled", "shop.conf");
        var before = await File.ReadAllBytesAsync(file);
        var mode = File.GetUnixFileMode(file);
        var stack = Stack(nginx, ("first", first.Port), ("second", second.Port));
        stack.Hosts["app"] = new StackHost { Ssh = sshd.Destination, Identity = sshd.IdentityFile, Options = new Dictionary<string, string>(sshd.Options) };
        stack.WebServers["web"].Host = "app";
        stack.Services["first"].Host = "app";
        await using var session = new StackSession(stack);
        using var client = new HttpClient();

        // The second one is reached from here, and yet it is the same machine.
        var report = await Drain(session, "first").BeginAsync(SilentOutput.Instance, default);
        Assert.True(report.IsQuiet, report.Message);
        Assert.Equal([second.Port], await PortsAsync(client, nginx));
        await Drain(session, "first").ResumeAsync(default);
        Assert.True((await Drain(session, "second").BeginAsync(SilentOutput.Instance, default)).IsQuiet);
        Assert.Equal([first.Port], await PortsAsync(client, nginx));
        await Drain(session, "second").ResumeAsync(default);

        Assert.Equal(before, await File.ReadAllBytesAsync(file));
        Assert.Equal(mode, File.GetUnixFileMode(file));
        Assert.Equal([file], Directory.GetFileSystemEntries(Path.GetDirectoryName(file)!));
    }

    [SkippableFact]
    public async Task What_cannot_be_drained_says_why()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, string.Empty, 1, 2));
        var stack = Stack(nginx, ("first", 1), ("other", 3), ("none", 0), ("apache", 1), ("misnamed", 1));
        stack.Services["none"].Ports.Clear();
        stack.WebServers["httpd"] = new StackWebServer { Engine = "apache" };
        stack.Services["apache"].Drain!.WebServer = "httpd";
        stack.Services["misnamed"].Drain!.Upstream = "backned";
        await using var session = new StackSession(stack);

        Assert.Equal(("Drain.UpstreamNotFound", "'web' has"), await FailureAsync("misnamed", 9));
        Assert.Equal(("Drain.UpstreamNotFound", "No upstream"), await FailureAsync("other", 11));
        Assert.Equal(("Drain.PortsMissing", "'none'"), await FailureAsync("none", 6));
        Assert.Equal(("Drain.WebServerUnsupported", "'httpd' is apache"), await FailureAsync("apache", 17));
        await nginx.StopAsync();
        Assert.Equal("Drain.WebServerDown", (await FailureAsync("first", 1)).Id);
        Assert.DoesNotContain("opsrunbook:", await File.ReadAllTextAsync(nginx.ConfigFile), StringComparison.Ordinal);

        async Task<(string Id, string Beginning)> FailureAsync(string name, int length)
        {
            var error = await Assert.ThrowsAsync<OpsException>(() => Drain(session, name).BeginAsync(SilentOutput.Instance, default));
            return (error.Id, error.Message[..length]);
        }
    }

    [SkippableFact]
    public async Task A_server_that_the_operator_has_taken_out_stays_out()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, string.Empty, 1, 2).Replace("127.0.0.1:1 max_fails=0", "127.0.0.1:1 down", StringComparison.Ordinal));
        var before = await File.ReadAllTextAsync(nginx.ConfigFile);
        await using var session = new StackSession(Stack(nginx, ("first", 1), ("second", 2)));

        var report = await Drain(session, "first").BeginAsync(SilentOutput.Instance, default);
        await Drain(session, "first").ResumeAsync(default);

        Assert.Contains("every server of it in web was down already", report.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(nginx.ConfigFile));
    }

    [Fact]
    public async Task Commands_run_as_argument_vectors_and_a_failure_is_told_without_secrets()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "it's; done");
        var drain = new StackDrain { Command = ["touch", "--", file], Resume = ["rm", "-f", "--", file] };
        await using var session = new StackSession(new OpsStack { Name = "shop", Services = { ["api"] = Service(0, drain) } });
        session.Stack.Services["api"].Ports.Clear();

        var report = await Drain(session, "api").BeginAsync(SilentOutput.Instance, default);
        Assert.True(report.IsQuiet);
        Assert.True(File.Exists(file));
        await Drain(session, "api").ResumeAsync(default);
        Assert.False(File.Exists(file));

        drain.Command = ["sh", "-c", "echo 'no such pool password=hunter2' >&2; exit 3", "--token", "hunter2"];
        var error = await Assert.ThrowsAsync<OpsException>(() => Drain(session, "api").BeginAsync(SilentOutput.Instance, default));
        Assert.Equal("Drain.CommandFailed", error.Id);
        Assert.Contains("ended with 3: no such pool", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.FullMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_plan_is_one_line_of_all_steps()
    {
        var drain = new StackDrain { WebServer = "web", Upstream = "backend", Command = ["/usr/bin/pool", "leave", "a b"], Resume = ["/usr/bin/pool", "join"] };
        await using var session = new StackSession(new OpsStack { Name = "shop", Services = { ["api"] = Service(3001, drain) } });

        Assert.Equal(
            "mark port 3001 down in upstream backend of web, then run '/usr/bin/pool leave a b', then wait up to 30s until port 3001 had no connection for 2s; '/usr/bin/pool join' lets requests in again",
            Drain(session, "api").Describe());
    }

    [SkippableFact]
    public async Task Connections_into_a_container_are_counted_in_its_own_network()
    {
        var docker = await Servers.DockerAsync();
        var (name, port) = (docker.NewName("drain"), TestRun.FreePort());
        await docker.RunContainerAsync("--name", name, "--publish", $"127.0.0.1:{port}:8080", DockerEngine.BusyboxImage, "busybox", "httpd", "-f", "-p", "8080");
        var stack = new OpsStack
        {
            Name = "shop",
            Hosts = { ["engine"] = new StackHost { Docker = docker.Address } },
            Services = { [name] = Service(port, new StackDrain { Timeout = TimeSpan.FromMilliseconds(300), Quiet = TimeSpan.FromMilliseconds(100) }) },
        };
        stack.Services[name].Manager = ServiceManagerKind.Docker;
        stack.Services[name].Unit = name;
        stack.Services[name].Host = "engine";
        await using var session = new StackSession(stack);

        Assert.True((await Drain(session, name).BeginAsync(SilentOutput.Instance, default)).IsQuiet);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await Task.Delay(200);
        var report = await Drain(session, name).BeginAsync(SilentOutput.Instance, default);

        Assert.False(report.IsQuiet);
        Assert.Contains("still had 1 connection from ", report.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Nginx_in_a_container_marks_other_containers_by_name_and_address()
    {
        var docker = await Servers.DockerAsync();
        var image = await docker.ImageOfProgramsAsync("opsrunbook-test/nginx:1", [Tool.Require("nginx", "nginx", "nginx-light"), Tool.Require("busybox", "Docker", "busybox-static")]);
        var (one, two, web) = (docker.NewName("one"), docker.NewName("two"), docker.NewName("web"));
        foreach (var name in (string[])[one, two])
        {
            await docker.RunContainerAsync("--name", name, DockerEngine.BusyboxImage, "busybox", "httpd", "-f", "-p", "8080");
        }

        var address = (await docker.ExecuteAsync("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", two)).Trim();
        var file = Path.Combine(TestRun.NewFolder("nginx"), "nginx.conf");
        await File.WriteAllTextAsync(file, $$"""
            user root; daemon off; pid /tmp/nginx.pid; error_log /tmp/error.log;
            events { }
            http {
              access_log off; client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi; uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
              upstream backend { server {{one}}:8080; server {{address}}:8080; }
              server { listen 80; location / { proxy_pass http://backend; } }
            }

            """);
        var before = await File.ReadAllTextAsync(file);
        await docker.RunContainerAsync("--name", web, "--tmpfs", "/tmp", "--volume", $"{Path.GetDirectoryName(file)}:/etc/nginx", image, "nginx", "-c", "/etc/nginx/nginx.conf");
        var stack = new OpsStack
        {
            Name = "shop",
            Hosts = { ["engine"] = new StackHost { Docker = docker.Address } },
            WebServers = { ["web"] = new StackWebServer { Manager = ServiceManagerKind.Docker, Unit = web, Host = "engine", Config = "/etc/nginx/nginx.conf" } },
        };
        foreach (var name in (string[])[one, two])
        {
            stack.Services[name] = Service(8080, new StackDrain { WebServer = "web", Quiet = TimeSpan.FromMilliseconds(200) });
            (stack.Services[name].Manager, stack.Services[name].Unit, stack.Services[name].Host) = (ServiceManagerKind.Docker, name, "engine");
        }

        await using var session = new StackSession(stack);
        foreach (var (name, server) in new[] { (one, one), (two, address) })
        {
            var report = await Drain(session, name).BeginAsync(SilentOutput.Instance, default);

            Assert.True(report.IsQuiet, report.Message);
            Assert.Contains($"{server}:8080 is down in upstream backend of web", report.Message, StringComparison.Ordinal);
            Assert.Contains($"server {server}:8080 down; # opsrunbook: drained \"shop/{name}\"", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
            await Drain(session, name).ResumeAsync(default);
            Assert.Equal(before, await File.ReadAllTextAsync(file));
        }
    }

    [SkippableFact]
    public async Task No_request_fails_while_each_of_two_pm2_applications_is_restarted_by_the_operator()
    {
        var pm2 = await Servers.Pm2Async();
        var applications = new[] { $"drain-a-{Environment.ProcessId}", $"drain-b-{Environment.ProcessId}" }.Select(name => (Name: name, Port: TestRun.FreePort())).ToArray();
        await using var nginx = await Servers.NewNginxAsync(server => Proxy(server, "keepalive 16;", [.. applications.Select(application => application.Port)]));
        var before = await File.ReadAllBytesAsync(nginx.ConfigFile);
        var stack = Stack(nginx, applications);
        foreach (var (name, port) in applications)
        {
            var service = stack.Services[name];
            (service.Manager, service.Unit, service.Pm2Home) = (ServiceManagerKind.Pm2, name, pm2.Folder);
            service.Health.Add(new StackHealthCheck { Url = $"http://127.0.0.1:{port}/health" });
        }

        var output = new RecordedOutput();
        await using var session = new StackSession(stack);
        var changes = new ChangeRunner(output, new MemoryJournal(), new ChangeOrigin("Restart-OpsService", "shop"));
        try
        {
            foreach (var (name, port) in applications)
            {
                await pm2.StartAppAsync(name, port);
            }

            await using var load = new ConstantLoad(nginx.Url);
            await load.AdvanceAsync(300);
            await new ServiceOperator(session, changes, output, TimeSpan.FromMinutes(1)).RunAsync(ServiceAction.Restart, ServiceTargets.Of(stack).Where(target => target.Kind == MemberKind.Service).ToList(), downFirst: false, default);
            await load.AdvanceAsync(Math.Max(300, WantedRequests - load.Succeeded));
            await load.StopAsync();

            Assert.Empty(output.Errors.Select(error => error.FullMessage));
            Assert.Equal([ServiceOutcome.Done, ServiceOutcome.Done], output.Items.OfType<ServiceChange>().Select(change => change.Outcome));
            Assert.All(output.Items.OfType<ServiceChange>(), change => Assert.Contains("is down in upstream backend of web", change.Drain, StringComparison.Ordinal));
            Assert.Empty(load.Failures);
            Assert.True(load.Succeeded >= WantedRequests, $"{load.Succeeded}");
            Assert.Equal(before, await File.ReadAllBytesAsync(nginx.ConfigFile));

            // A start of what runs lets requests in again that a killed run kept away.
            await using var again = new ServiceRun(stack);
            await ServiceDrain.For(again.Session, ServiceTargets.Select(stack, [applications[0].Name], again.Output)[0])!.BeginAsync(again.Output, default);
            Assert.NotEqual(before, await File.ReadAllBytesAsync(nginx.ConfigFile));
            Assert.Equal(ServiceOutcome.Unchanged, (await again.ActAsync(ServiceAction.Start, applications[0].Name))!.Outcome);
            Assert.Equal(before, await File.ReadAllBytesAsync(nginx.ConfigFile));

            // Where everything is stopped at once, nobody is left to take the last one's requests.
            stack.WebServers["web"].Manager = null;
            await using var all = new ServiceRun(stack);
            await all.ActAsync(ServiceAction.Restart);
            Assert.Empty(all.Output.Errors.Select(error => error.FullMessage));
            Assert.Equal(4, all.Results.Count(change => change.Outcome == ServiceOutcome.Done));
            Assert.Equal(before, await File.ReadAllBytesAsync(nginx.ConfigFile));
        }
        finally
        {
            foreach (var (name, _) in applications)
            {
                await pm2.ExecuteAsync("delete", name);
            }
        }
    }

    [Fact]
    public void A_published_port_means_the_port_inside_its_container()
    {
        var container = new DockerContainer
        {
            Id = "1",
            Name = "api",
            Image = "api",
            State = "running",
            Ports = [new DockerPort(8080, "tcp", "127.0.0.1", 3001), new DockerPort(9090, "tcp", null, null), new DockerPort(3001, "udp", "0.0.0.0", 3001)],
        };

        Assert.Equal([8080, 9090], ServiceConnections.PortsInside(container, [3001, 9090]).Order());
    }

    private static ServiceDrain Drain(StackSession session, string name) =>
        ServiceDrain.For(session, ServiceTargets.Of(session.Stack).Single(target => target.Name == name))!;

    private static StackService Service(int port, StackDrain drain) => new() { Manager = ServiceManagerKind.Process, Unit = "node", Ports = [port], Drain = drain };

    private static OpsStack Stack(NginxServer nginx, params (string Name, int Port)[] services)
    {
        var stack = new OpsStack { Name = "shop", WebServers = { ["web"] = new StackWebServer { Manager = ServiceManagerKind.Process, Unit = "nginx", Config = nginx.ConfigFile } } };
        foreach (var (name, port) in services)
        {
            stack.Services[name] = Service(port, new StackDrain { WebServer = "web", Quiet = TimeSpan.FromMilliseconds(500) });
        }

        return stack;
    }

    private static ServiceTarget Web(NginxServer nginx) =>
        new("web", MemberKind.WebServer, ServiceManagerKind.Process, new UnitReference("nginx"), null, WebServer: new StackWebServer { Config = nginx.ConfigFile });

    // Without another try at the other server, every request that a server does not answer is one that failed.
    private static string Proxy(NginxServer nginx, string settings, params int[] ports) => $$"""
        upstream backend {
          {{string.Join("\n  ", ports.Select(port => string.Create(CultureInfo.InvariantCulture, $"server 127.0.0.1:{port} max_fails=0; # one of {ports.Length}")))}}
          {{settings}}
        }
        server {
          listen 127.0.0.1:{{nginx.Port}};
          location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_next_upstream off; }
        }
        """;

    private static async Task<List<int>> PortsAsync(HttpClient client, NginxServer nginx)
    {
        var ports = new HashSet<int>();
        for (var request = 0; request < 12; request++)
        {
            using var answer = System.Text.Json.JsonDocument.Parse(await client.GetStringAsync(new Uri(nginx.Url + "wait?ms=0")));
            ports.Add(answer.RootElement.GetProperty("port").GetInt32());
        }

        return [.. ports];
    }
}
