using System.Net;
using OpsRunbook.Engine.Maintenance;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Maintenance;

/// <summary>Windows that are remembered in a PostgreSQL, which is killed and started again while they are begun, open and ended.</summary>
public sealed class SharedWindowTests(WindowServers servers, SharedWindowTests.StateServer state) : IClassFixture<WindowServers>, IClassFixture<SharedWindowTests.StateServer>
{
    private const int Rounds = 2;

    private PostgreSqlServer Server => state.Server;

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Restarted_before_any_step_the_window_goes_on(bool closing)
    {
        await using var stack = await CreateAsync();
        var steps = new List<string>();
        for (var step = 0; ; step++)
        {
            if (closing)
            {
                await stack.StartAsync();
            }

            var when = $"{(closing ? "Stop" : "Start")}, restarted before step {step}";
            var restarted = false;
            stack.Output = At(
                step,
                async () =>
                {
                    restarted = true;
                    await Server.KillAsync();
                    await Server.StartAsync();
                });
            var window = (await (closing ? stack.StopAsync() : stack.StartAsync()))!;
            stack.Output = new RecordedOutput();
            Assert.True((window.State, window.Status) == (closing ? MaintenanceWindowState.Closed : MaintenanceWindowState.Open, HealthStatus.Healthy), $"{when}: {window.Message}");
            if (!closing)
            {
                Assert.Equal(window.Id, Assert.Single(await stack.ListAsync()).Id);
                await stack.StopAsync();
            }

            await stack.AssertAsBeforeAsync(when);
            if (!restarted)
            {
                Assert.Equal(closing ? 5 : 3, step);
                return;
            }
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Away_at_any_step_it_is_named_and_the_next_stop_finishes_or_undoes(bool closing)
    {
        await using var stack = await CreateAsync();

        // What waits for a server that is away takes its seconds: every second step is enough, unless all of them are asked for.
        for (var step = 0; step < (closing ? 5 : 3); step += Environment.GetEnvironmentVariable("OPSRUNBOOK_TESTS_EVERY_POINT") == "1" ? 1 : 2)
        {
            if (closing)
            {
                await stack.StartAsync();
            }

            var when = $"{(closing ? "Stop" : "Start")}, away from step {step} on";
            stack.Output = At(step, Server.KillAsync);
            AssertNamed(await Assert.ThrowsAsync<OpsException>(() => closing ? stack.StopAsync() : stack.StartAsync()), when);
            stack.Output = new RecordedOutput();

            // Nobody is told that nothing is open. Each of them waits for the server, so once is enough.
            foreach (var ask in step > 0 ? [] : (Func<Task>[])[() => stack.ListAsync(), () => stack.StartAsync(), () => stack.StopAsync()])
            {
                var error = await Assert.ThrowsAsync<OpsException>(ask);
                Assert.Contains(error.Id, (string[])["State.NotReadable", "State.NotWritten"]);
            }

            await Server.StartAsync();
            var left = Assert.Single(await stack.ListAsync());
            Assert.True(left.State == (closing ? MaintenanceWindowState.Stopping : MaintenanceWindowState.Starting), $"{when}: {left.State}");
            Assert.Equal("Guard.OpenWindow", (await Assert.ThrowsAsync<OpsException>(() => stack.StartAsync())).Id);
            Assert.Equal(closing ? MaintenanceWindowState.Closed : MaintenanceWindowState.Undone, (await stack.StopAsync())!.State);
            Assert.Empty(await stack.ListAsync());
            await stack.AssertAsBeforeAsync(when);
        }
    }

    // As -ScriptBlock does: one session begins the window, works, and ends it.
    [SkippableFact]
    public async Task Restarted_while_the_window_is_open_it_is_ended_and_away_it_stays_open_until_the_next_stop()
    {
        await using var stack = await CreateAsync();
        var origin = new Engine.Safety.ChangeOrigin("Start-MaintenanceWindow", stack.Stack.Name, null, false);
        foreach (var isAway in (bool[])[false, true])
        {
            await using var session = stack.Session();
            var window = (await new WindowOpener(session, origin, stack.Output, TimeSpan.FromSeconds(20)).OpenAsync(new WindowRequest(), default))!;
            await Server.KillAsync();
            if (!isAway)
            {
                await Server.StartAsync();
            }

            var closing = new WindowCloser(session, origin, stack.Output, TimeSpan.FromSeconds(20)).CloseAsync(new CloseRequest { Id = window.Id, IsConfirmed = true }, default);
            if (!isAway)
            {
                Assert.Equal((MaintenanceWindowState.Closed, HealthStatus.Healthy), ((await closing)!.State, (await closing)!.Status));
                await stack.AssertAsBeforeAsync("restarted");
                continue;
            }

            AssertNamed(await Assert.ThrowsAsync<OpsException>(() => closing), "away");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await stack.VisitAsync());
            await Server.StartAsync();
            Assert.Equal((window.Id, MaintenanceWindowState.Open), (await stack.ListAsync()) is [var left] ? (left.Id, left.State) : default);
            Assert.Equal(MaintenanceWindowState.Closed, (await stack.StopAsync())!.State);
            await stack.AssertAsBeforeAsync("away");
        }
    }

    [SkippableFact]
    public async Task Of_two_who_start_while_it_is_restarted_at_most_one_wins()
    {
        await using var stack = await CreateAsync();
        stack.Stack.Maintenance!.MaintenanceMode = [];
        stack.Stack.Maintenance.SmokeTests = [];
        for (var round = 0; round < Rounds; round++)
        {
            stack.Output = At(
                round,
                async () =>
                {
                    await Server.KillAsync();
                    await Server.StartAsync();
                });
            var results = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
            {
                try
                {
                    return (Window: await stack.StartAsync(), Error: (OpsException?)null);
                }
                catch (OpsException error)
                {
                    return (null, error);
                }
            })));
            stack.Output = new RecordedOutput();
            var open = await stack.ListAsync();
            Assert.True(results.Count(result => result.Window is not null) <= 1, $"Round {round}: two have begun.");
            Assert.True(open.Count <= 1, $"Round {round}: {open.Count} windows are open.");
            Assert.Equal(results.FirstOrDefault(result => result.Window is not null).Window?.Id, open.FirstOrDefault(window => window.State == MaintenanceWindowState.Open)?.Id);
            Assert.All(results.Where(result => result.Error is not null), result => Assert.NotNull(result.Error!.NextStep));
            foreach (var _ in open)
            {
                await stack.StopAsync();
            }

            await stack.AssertAsBeforeAsync($"Round {round}");
        }
    }

    private static void AssertNamed(OpsException error, string when)
    {
        Assert.True(error.Kind == OpsErrorKind.Connection && error.Message.Contains("'shared'", StringComparison.Ordinal), $"{when}: {error.Id}: {error.Message}");
        Assert.True(error.NextStep?.Contains("Stop-MaintenanceWindow", StringComparison.Ordinal) == true, $"{when}: {error.NextStep}");
    }

    // A step is begun when its progress is told; what is told waits for the work.
    private static RecordedOutput At(int step, Func<Task> work)
    {
        var seen = 0;
        RecordedOutput? output = null;
        return output = new RecordedOutput
        {
            Progressed = () =>
            {
                if (output!.ProgressLines[^1].StartsWith("Maintenance window ", StringComparison.Ordinal) && seen++ == step)
                {
                    Task.Run(work).Wait();
                }
            },
        };
    }

    // Without services, which would only take time to be stopped and started.
    private async Task<WindowStack> CreateAsync()
    {
        await Server.StartAsync();
        var stack = await WindowStack.CreateAsync(servers);
        stack.Stack.Monitoring = null;
        stack.Stack.Maintenance!.Stop = [];
        stack.Stack.Databases["shared"] = new StackDatabase
        {
            Engine = DatabaseEngine.Postgres,
            Server = Server.Host,
            Port = Server.Port,
            User = Server.User,
            Password = SecretReference.Plain(Server.Password),
            Database = Server.Database,
        };
        stack.Stack.State = new StackState { Postgres = "shared" };
        return stack;
    }

    /// <summary>A PostgreSQL that these tests alone may kill.</summary>
    public sealed class StateServer : IAsyncLifetime
    {
        private PostgreSqlServer? _server;

        public PostgreSqlServer Server => _server ?? throw new SkipException("PostgreSQL is missing.");

        public async Task InitializeAsync()
        {
            try
            {
                _server = await Servers.NewPostgreSqlAsync();
            }
            catch (SkipException)
            {
                // Each test says that it is left out.
            }
        }

        public async Task DisposeAsync()
        {
            if (_server is not null)
            {
                await _server.DisposeAsync();
            }
        }
    }
}
