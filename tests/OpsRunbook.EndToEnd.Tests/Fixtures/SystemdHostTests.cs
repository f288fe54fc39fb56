namespace OpsRunbook.EndToEnd.Tests.Fixtures;

[Collection("Stacks")]
public sealed class SystemdHostTests
{
    [SkippableFact]
    public async Task It_is_a_machine_with_units_a_database_and_the_application()
    {
        var host = await Servers.SystemdHostAsync();
        Assert.Equal("systemd\n", await host.ExecuteAsync("cat /proc/1/comm"));
        Assert.Equal("active\n", await host.ExecuteAsync("systemctl is-active " + host.AppUnit));
        Assert.Equal("1\n", await host.ExecuteAsync($"MYSQL_PWD={host.DatabasePassword} mariadb -h 127.0.0.1 -u {host.DatabaseUser} -N -e 'SELECT 1' {host.Database}"));
        Assert.Contains("\"status\":\"ok\"", await GetAsync(host, "/api/v1/health/ready"), StringComparison.Ordinal);

        await host.ControlAppAsync(SampleApp.Control(body: "gone fishing"));
        Assert.EndsWith("gone fishing", await GetAsync(host, "/health"), StringComparison.Ordinal);
        await host.ControlAppAsync(SampleApp.Control());
        Assert.Contains("nodejs_heap_size_used_bytes", await GetAsync(host, "/metrics"), StringComparison.Ordinal);
    }

    // There is no curl inside; bash speaks enough HTTP, through nginx.
    private static Task<string> GetAsync(SystemdHost host, string path) =>
        host.ExecuteAsync($"bash -c 'exec 3<>/dev/tcp/127.0.0.1/80; printf \"GET {path} HTTP/1.0\\r\\n\\r\\n\" >&3; cat <&3'");
}
