namespace OpsRunbook.EndToEnd.Tests;

/// <summary>One machine reached over SSH: the application under systemd with MariaDB, behind nginx.</summary>
[Collection("Stacks")]
public sealed class SystemdStackTests
{
    [SkippableFact]
    public async Task All_is_healthy() =>
        (await CheckAsync("-Name", "app,db,web")).AssertIs(0, "app Healthy", "db Healthy", "web Healthy");

    [SkippableFact]
    public async Task The_application_is_stopped()
    {
        var host = await Servers.SystemdHostAsync();
        await host.ExecuteAsync("systemctl stop " + host.AppUnit);
        try
        {
            (await CheckAsync("-Name", "app,db,web")).AssertIs(2, "app Critical", "db Healthy", "web Critical app");
        }
        finally
        {
            await StartAsync(host, host.AppUnit);
        }
    }

    [SkippableFact]
    public async Task The_database_is_stopped()
    {
        var host = await Servers.SystemdHostAsync();
        await host.ExecuteAsync("systemctl stop mariadb");
        try
        {
            (await CheckAsync("-Name", "app,db,web")).AssertIs(2, "app Critical db", "db Critical", "web Critical db");
        }
        finally
        {
            await StartAsync(host, "mariadb");
        }
    }

    [SkippableFact]
    public async Task The_answer_is_slow()
    {
        var host = await Servers.SystemdHostAsync();
        await host.ControlAppAsync(SampleApp.Control(latencyMilliseconds: 3000));
        try
        {
            (await CheckAsync("-Name", "app,db")).AssertIs(1, "app Warning", "db Healthy");
        }
        finally
        {
            await host.ControlAppAsync(SampleApp.Control());
        }
    }

    [SkippableFact]
    public async Task The_body_is_wrong()
    {
        var host = await Servers.SystemdHostAsync();
        await host.ControlAppAsync(SampleApp.Control(body: """{"status":"starting"}"""));
        try
        {
            var run = await CheckAsync("-Name", "app,db");
            run.AssertIs(2, "app Critical", "db Healthy");
            run.AssertSays("app", "starting");
        }
        finally
        {
            await host.ControlAppAsync(SampleApp.Control());
        }
    }

    [SkippableFact]
    public async Task A_disk_is_full()
    {
        var host = await Servers.SystemdHostAsync();
        Assert.NotEqual(2, (await CheckAsync()).ExitCode);
        await host.ExecuteAsync("mkdir -p /srv/small && mount -t tmpfs -o size=4m tmpfs /srv/small && { dd if=/dev/zero of=/srv/small/ballast bs=64k 2>/dev/null; true; }");
        try
        {
            var run = await CheckAsync();
            run.AssertIs(2, "app Healthy", "db Healthy", "web Healthy", "panel Critical");
            run.AssertSays("panel", "/srv/small");
        }
        finally
        {
            await host.ExecuteAsync("umount /srv/small");
        }
    }

    [SkippableFact]
    public async Task A_manager_that_is_not_there_leaves_the_state_unknown()
    {
        var host = await Servers.SystemdHostAsync();
        (await CheckAsync(host, $$"""
            stack: npanel
            hosts:
              panel: {{Host(host)}}
            services:
              worker: { manager: docker, unit: worker, host: panel }
            """, "-Name", "worker")).AssertIs(3, "worker Unknown");
    }

    private static async Task StartAsync(SystemdHost host, string unit) =>
        await host.ExecuteAsync($"systemctl start {unit} && for try in $(seq 100); do bash -c 'exec 3<>/dev/tcp/127.0.0.1/3000' && exit 0; sleep 0.1; done 2>/dev/null");

    private static async Task<HealthRun> CheckAsync(params string[] arguments)
    {
        var host = await Servers.SystemdHostAsync();
        return await CheckAsync(host, $$"""
            stack: npanel
            hosts:
              panel: {{Host(host)}}
            services:
              app:
                manager: systemd
                unit: {{host.AppUnit}}
                host: panel
                ports: [{{host.AppPort}}]
                health:
                  - { name: health, url: "http://localhost:{{host.AppPort}}/health", status: 200, body.status: ok, latency: 2s, timeout: 20s }
                  - { name: ready, url: "http://localhost:{{host.AppPort}}/api/v1/health/ready", status: 200, body.checks.db: ok, timeout: 20s }
                dependsOn: [db]
            databases:
              db:
                engine: mariadb
                host: panel
                server: 127.0.0.1
                database: {{host.Database}}
                user: {{host.DatabaseUser}}
                password: "${env:NPANEL_DB_PASSWORD}"
                tls: disable
                timeout: 20s
                manager: systemd
                unit: mariadb
            webServers:
              web:
                manager: systemd
                unit: nginx
                host: panel
                ports: [80]
                health: { url: "http://localhost/api/v1/health/ready", status: 200, timeout: 20s }
                dependsOn: [app]
            {{TestThresholds.Yaml}}
            """, arguments);
    }

    private static Task<HealthRun> CheckAsync(SystemdHost host, string stack, params string[] arguments) =>
        HealthRun.OfAsync(stack, new Dictionary<string, string> { ["NPANEL_DB_PASSWORD"] = host.DatabasePassword }, arguments);

    private static string Host(SystemdHost host) =>
        $"{{ ssh: \"{host.Destination}\", identity: {host.IdentityFile}, options: {{ {string.Join(", ", host.Options.Select(option => $"{option.Key}: \"{option.Value}\""))} }} }}";
}
