using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Tests.State;

public sealed class FileStateStoreTests : StateStoreTests, IDisposable
{
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("state-").FullName, "state");

    private string Incident => Path.Combine(_folder, "incident", "INC-1.json");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Theory]
    [InlineData("truncated", "State.Corrupt")]
    [InlineData("empty", "State.Corrupt")]
    [InlineData("zeroed", "State.Corrupt")]
    [InlineData("zeroed in the middle", "State.Corrupt")]
    [InlineData("text", "State.Corrupt")]
    [InlineData("another document", "State.Corrupt")]
    [InlineData("newer", "State.TooNew")]
    public async Task A_document_that_cannot_be_read_is_named_and_never_taken_for_none(string damage, string id)
    {
        var store = await OpenAsync();
        await store.WriteAsync("incident", "INC-1", Json("""{"stack":"shop","text":"a longer one"}"""), open: true, 0, default);
        var content = await File.ReadAllBytesAsync(Incident);
        byte[] damaged = damage switch
        {
            "truncated" => content[..^10],
            "empty" => [],
            "zeroed" => new byte[content.Length],
            "zeroed in the middle" => [.. content[..^20], .. new byte[10], .. content[^10..]],
            "text" => "something else"u8.ToArray(),
            "another document" => System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(content).Replace("INC-1", "INC-2", StringComparison.Ordinal)),
            _ => System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(content).Replace("\"format\":1", "\"format\":2", StringComparison.Ordinal)),
        };
        await File.WriteAllBytesAsync(Incident, damaged);

        foreach (var work in (Func<Task>[])
        [
            () => store.ReadAsync("incident", "INC-1", default),
            () => store.ListAsync("incident", onlyOpen: true, default),
            () => store.WriteAsync("incident", "INC-1", Json("{}"), open: true, 1, default),
            () => store.RemoveAsync("incident", "INC-1", 1, default),
            () => OpenWork.ReadAsync(store, "shop", default),
        ])
        {
            var error = await Assert.ThrowsAsync<OpsException>(work);
            Assert.Equal(id, error.Id);
            Assert.Contains(Incident, error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(damaged, await File.ReadAllBytesAsync(Incident));
    }

    [Fact]
    public async Task What_a_killed_writer_left_is_no_document_and_is_removed_by_the_next()
    {
        var store = await OpenAsync();
        await store.WriteAsync("incident", "INC-1", Json("{}"), open: true, 0, default);
        var left = Path.Combine(_folder, "incident", ".INC-2.json.new");
        await File.WriteAllTextAsync(left, "{\"for");

        Assert.Single(await store.ListAsync("incident", onlyOpen: true, default));
        await store.WriteAsync("incident", "INC-1", Json("{}"), open: true, 1, default);
        Assert.False(File.Exists(left));
    }

    [Fact]
    public async Task Only_its_owner_reads_it()
    {
        await (await OpenAsync()).WriteAsync("incident", "INC-1", Json("{}"), open: true, 0, default);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Incident));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(Incident)!));
    }

    [Fact]
    public async Task The_name_that_a_killed_holder_left_holds_nothing()
    {
        // Its process number is in use, by this process, which began at another time.
        var store = await OpenAsync();
        await (await store.LockAsync("window/shop", "x", default)).DisposeAsync();
        await File.WriteAllBytesAsync(
            Path.Combine(_folder, "locks", "window%2Fshop.lock"),
            new LockHolder("anna", Environment.MachineName, Environment.ProcessId, DateTime.UtcNow.AddDays(-1), DateTime.UtcNow.AddDays(-1), "y").ToJson());

        await using var taken = await store.LockAsync("window/shop", "z", default);
        Assert.Contains("for z", (await Assert.ThrowsAsync<OpsException>(() => store.LockAsync("window/shop", "w", default))).Message, StringComparison.Ordinal);
    }

    private protected override Task<IStateStore> OpenAsync() => Task.FromResult<IStateStore>(new FileStateStore(_folder));
}
