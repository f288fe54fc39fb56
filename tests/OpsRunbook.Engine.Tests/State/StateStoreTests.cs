using System.Text;
using System.Text.Json;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Tests.State;

/// <summary>What every store of state promises.</summary>
public abstract class StateStoreTests
{
    [SkippableFact]
    public async Task A_document_is_read_as_it_was_written()
    {
        await using var store = await OpenAsync();
        Assert.Null(await store.ReadAsync("window", "w1", default));
        Assert.Empty(await store.ListAsync("window", onlyOpen: false, default));
        var before = DateTime.UtcNow.AddSeconds(-1);
        var content = """{"text":"line\r\nfeed \u0000 \u001b[31m é","large":""" + JsonSerializer.Serialize(new string('x', 1_000_000)) + "}";

        Assert.Equal(1, await store.WriteAsync("window", "w1", Json(content), open: true, 0, default));
        Assert.Equal(2, await store.WriteAsync("window", "w1", Json(content), open: true, 1, default));

        await using var other = await OpenAsync();
        var document = await other.ReadAsync("window", "w1", default);
        Assert.Equal((2, true, "window", "w1"), (document!.Version, document.Open, document.Kind, document.Id));
        Assert.Equal(content, Encoding.UTF8.GetString(document.Json.Span));
        Assert.Equal(DateTimeKind.Utc, document.Written.Kind);
        Assert.InRange(document.Created, before, document.Written);
        Assert.InRange(document.Written, before, DateTime.UtcNow.AddSeconds(1));
    }

    [SkippableFact]
    public async Task Documents_are_listed_from_the_oldest_and_by_kind()
    {
        await using var store = await OpenAsync();
        foreach (var id in (string[])["c", "a", "b"])
        {
            await store.WriteAsync("incident", id, Json("{}"), open: true, 0, default);
        }

        await store.WriteAsync("window", "z", Json("{}"), open: true, 0, default);
        await store.WriteAsync("incident", "c", Json("{}"), open: false, 1, default);

        Assert.Equal(["c", "a", "b"], (await store.ListAsync("incident", onlyOpen: false, default)).Select(document => document.Id));
        Assert.Equal(["a", "b"], (await store.ListAsync("incident", onlyOpen: true, default)).Select(document => document.Id));
        await store.RemoveAsync("incident", "a", 1, default);
        Assert.Equal(["b"], (await store.ListAsync("incident", onlyOpen: true, default)).Select(document => document.Id));
    }

    [SkippableFact]
    public async Task Who_knows_an_older_version_changes_nothing()
    {
        await using var store = await OpenAsync();
        await store.WriteAsync("window", "w", Json("""{"by":"first"}"""), open: true, 0, default);

        Assert.Equal("State.Changed", (await Assert.ThrowsAsync<OpsException>(() => store.WriteAsync("window", "w", Json("{}"), open: true, 0, default))).Id);
        Assert.Equal("State.Changed", (await Assert.ThrowsAsync<OpsException>(() => store.WriteAsync("window", "w", Json("{}"), open: true, 2, default))).Id);
        Assert.Equal("State.Changed", (await Assert.ThrowsAsync<OpsException>(() => store.RemoveAsync("window", "w", 2, default))).Id);
        Assert.Equal("State.Changed", (await Assert.ThrowsAsync<OpsException>(() => store.WriteAsync("window", "gone", Json("{}"), open: true, 1, default))).Id);
        Assert.Equal("""{"by":"first"}""", Encoding.UTF8.GetString((await store.ReadAsync("window", "w", default))!.Json.Span));
    }

    [SkippableFact]
    public async Task Of_many_who_write_at_once_none_loses_what_another_wrote()
    {
        const int Writers = 8;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(number => Task.Run(async () =>
        {
            await using var store = await OpenAsync();
            for (var done = false; !done;)
            {
                var present = await store.ReadAsync("window", "shared", default);
                var numbers = present is null ? [] : JsonSerializer.Deserialize<Dictionary<string, int[]>>(present.Json.Span)!["numbers"];
                var next = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, int[]> { ["numbers"] = [.. numbers, number] });
                try
                {
                    await store.WriteAsync("window", "shared", next, open: true, present?.Version ?? 0, default);
                    done = true;
                }
                catch (OpsException error) when (error.Id == "State.Changed")
                {
                }
            }
        })));

        await using var reader = await OpenAsync();
        var document = (await reader.ReadAsync("window", "shared", default))!;
        Assert.Equal(Writers, document.Version);
        Assert.Equal(Enumerable.Range(0, Writers), JsonSerializer.Deserialize<Dictionary<string, int[]>>(document.Json.Span)!["numbers"].Order());
    }

    [SkippableTheory]
    [InlineData("../x")]
    [InlineData("")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("a\nb")]
    public async Task An_id_that_is_no_name_is_refused(string id)
    {
        await using var store = await OpenAsync();
        Assert.Equal("State.IdInvalid", (await Assert.ThrowsAsync<OpsException>(() => store.WriteAsync("window", id, Json("{}"), open: true, 0, default))).Id);
        Assert.Equal("State.IdInvalid", (await Assert.ThrowsAsync<OpsException>(() => store.ReadAsync("window", id, default))).Id);
    }

    [SkippableFact]
    public async Task A_lock_has_one_holder_and_whoever_comes_second_is_told_who()
    {
        await using var first = await OpenAsync();
        await using var second = await OpenAsync();
        var held = await first.LockAsync("window/shop", "Start-MaintenanceWindow", default);

        var error = await Assert.ThrowsAsync<OpsException>(() => second.LockAsync("window/shop", "Stop-MaintenanceWindow", default));
        Assert.Equal("State.Locked", error.Id);
        Assert.Contains($"{Environment.UserName} on {Environment.MachineName} (process {Environment.ProcessId}) since ", error.Message, StringComparison.Ordinal);
        Assert.Contains("for Start-MaintenanceWindow", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<OpsException>(() => first.LockAsync("window/shop", "x", default));
        await (await second.LockAsync("window/other", "x", default)).DisposeAsync();

        Assert.False(held.Lost.IsCancellationRequested);
        await held.DisposeAsync();
        await (await second.LockAsync("window/shop", "x", default)).DisposeAsync();
    }

    [SkippableFact]
    public async Task Of_twenty_who_want_a_lock_one_gets_it()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => OpenAsync()));
        var taken = await Task.WhenAll(stores.Select(store => Task.Run(() => TryLockAsync(store))));

        await Assert.Single(taken, one => one.Lock is not null).Lock!.DisposeAsync();
        Assert.All(taken.Where(one => one.Error is not null), one => Assert.Contains($"(process {Environment.ProcessId})", one.Error!.Message, StringComparison.Ordinal));
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task A_change_belongs_to_the_incident_and_the_window_of_its_stack_that_are_open()
    {
        await using var store = await OpenAsync();
        await store.WriteAsync("incident", "INC-other", Json("""{"stack":"blog"}"""), open: true, 0, default);
        await store.WriteAsync("incident", "INC-old", Json("""{"stack":"shop"}"""), open: false, 0, default);
        await store.WriteAsync("incident", "INC-now", Json("""{"stack":"shop"}"""), open: true, 0, default);
        await store.WriteAsync("window", "W-now", Json("""{"stack":"shop","active":true}"""), open: true, 0, default);
        await store.WriteAsync("window", "W-later", Json("""{"stack":"shop","active":false}"""), open: true, 0, default);
        var runner = new ChangeRunner(new RecordedOutput(), store, new ChangeOrigin("Restart-OpsService", "shop"));

        await runner.RunAsync(new Change("Restart", "api", "local"), _ => Task.FromResult(0), _ => new ChangeResult(JournalOutcome.Succeeded, null), default);

        var change = Assert.Single(await JournalHistory.ReadAsync(store.Journal, null, null, new RecordedOutput(), default));
        Assert.Equal(("INC-now", "W-now", JournalOutcome.Succeeded), (change.Incident, change.Window, change.Outcome));
    }

    [SkippableFact]
    public async Task The_journal_keeps_what_it_is_given_in_order()
    {
        await using var store = await OpenAsync();
        var runner = new ChangeRunner(new RecordedOutput(), store, new ChangeOrigin("Set-DbSetting", "shop", "because\n\u001b[31m", false));
        foreach (var name in (string[])["a", "b\r\n\u0000", "c"])
        {
            var change = new Change("Set", name, "local") { Before = new Dictionary<string, string?> { ["password"] = "hunter2", ["size"] = "1" } };
            await runner.RunAsync(change, _ => Task.FromResult(0), _ => new ChangeResult(JournalOutcome.Succeeded, new string('m', 1_000_000)), default);
        }

        var changes = await JournalHistory.ReadAsync(store.Journal, null, null, new RecordedOutput(), default);
        Assert.Equal(["a", "b\r\n\u0000", "c"], changes.Select(change => change.Target));
        Assert.All(changes, change => Assert.Equal(("***", "1", 1_000_000), (change.Before["password"], change.Before["size"], change.Message.Length)));
        Assert.Equal(changes.Select(change => change.Time), changes.Select(change => change.Time).Order());
        Assert.Equal(DateTimeKind.Utc, changes[0].Time.Kind);
    }

    private static async Task<(IStateLock? Lock, OpsException? Error)> TryLockAsync(IStateStore store)
    {
        try
        {
            return (await store.LockAsync("window/shop", "x", default), null);
        }
        catch (OpsException error)
        {
            return (null, error);
        }
    }

    /// <summary>Opens the store of this test once more, as another process would.</summary>
    private protected abstract Task<IStateStore> OpenAsync();

    private protected static ReadOnlyMemory<byte> Json(string json) => Encoding.UTF8.GetBytes(json);
}
