namespace OpsRunbook.EndToEnd.Tests.Fixtures;

[Collection("Stacks")]
public sealed class DockerEngineTests
{
    [SkippableFact]
    public async Task A_container_publishes_a_port_and_is_found_by_name()
    {
        var docker = await Servers.DockerAsync();
        var name = docker.NewName("web");
        var port = TestRun.FreePort();
        var id = await docker.RunContainerAsync(
            "--name", name, "-p", $"127.0.0.1:{port}:80", DockerEngine.BusyboxImage, "sh", "-c", "mkdir /www; echo hi > /www/index.html; exec httpd -f -p 80 -h /www");
        try
        {
            using var client = new HttpClient();
            Assert.Equal("hi\n", await EventuallyAsync(() => client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/"))));
            Assert.Equal("hi\n", await docker.ExecuteAsync("run", "--rm", "--network", DockerEngine.Network, DockerEngine.BusyboxImage, "wget", "-qO-", $"http://{name}/"));
        }
        finally
        {
            await docker.ExecuteAsync("rm", "-f", id);
        }
    }

    [SkippableFact]
    public async Task An_image_of_programs_runs_them()
    {
        var docker = await Servers.DockerAsync();
        var image = await docker.ImageOfProgramsAsync("opsrunbook-test/node:1", [SampleApp.NodeFile]);
        Assert.Equal("2\n", await docker.ExecuteAsync("run", "--rm", image, SampleApp.NodeFile, "-p", "1+1"));
    }

    [SkippableFact]
    public async Task A_compose_project_comes_up_and_goes_down()
    {
        var docker = await Servers.DockerAsync();
        string name;
        await using (var project = await docker.NewComposeProjectAsync($$"""
            version: "2.4"
            services:
              one: { image: {{DockerEngine.BusyboxImage}}, init: true }
              two: { image: {{DockerEngine.BusyboxImage}}, init: true, command: sh -c "ping -c 1 one && sleep 100", depends_on: [one] }
            """))
        {
            name = project.Name;
            Assert.Equal(2, (await project.ExecuteAsync("ps", "-q")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
            Assert.Equal("running\n", await docker.ExecuteAsync("inspect", "-f", "{{.State.Status}}", (await project.ExecuteAsync("ps", "-q", "two")).Trim()));
        }

        Assert.DoesNotContain(name, await docker.ExecuteAsync("network", "ls", "--format", "{{.Name}}"), StringComparison.Ordinal);
    }

    private static async Task<T> EventuallyAsync<T>(Func<Task<T>> question)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await question();
            }
            catch (HttpRequestException) when (attempt < 50)
            {
                await Task.Delay(100);
            }
        }
    }
}
