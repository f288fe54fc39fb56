using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Tests.Stacks;

/// <summary>They set variables of the process, so they run one after another.</summary>
[Collection("Environment")]
public sealed class StackLocatorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string? _configuration = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME");
    private readonly string? _variable = Environment.GetEnvironmentVariable("OPSRUNBOOK_STACK");

    public StackLocatorTests()
    {
        Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", Path.Combine(_folder.Path, "config"));
        Environment.SetEnvironmentVariable("OPSRUNBOOK_STACK", null);
        Directory.CreateDirectory(Here);
    }

    private string Here => Path.Combine(_folder.Path, "work/deep/er");

    [Fact]
    public async Task An_object_is_taken_as_it_is()
    {
        var stack = new OpsStack();

        Assert.Same(stack, await StackLocator.FindAsync(stack, Here, new RecordedOutput(), default));
    }

    [Theory]
    [InlineData("work/deep/er/x.yaml", "x.yaml")]
    [InlineData("work/deep/y.yml", "../y.yml")]
    [InlineData("work/deep/er/opsrunbook.json", ".")]
    [InlineData("work/deep/er/sub/opsrunbook.yml", "sub")]
    [InlineData("work/deep/er/odd-name", "./odd-name")]
    public async Task A_path_is_relative_to_the_working_directory(string file, string reference)
    {
        var path = _folder.Write(file, "{ stack: found }");

        Assert.Equal("found", (await FindAsync(reference)).Name);
        Assert.Equal(path, (await FindAsync(path)).Path);
        Assert.Equal(path, (await FindAsync(new FileInfo(path))).Path);
    }

    [Fact]
    public async Task A_name_is_looked_up_in_the_users_folder_and_in_what_files_call_themselves()
    {
        _folder.Write("config/opsrunbook/shop.yaml", "stack: the shop");
        _folder.Write("work/opsrunbook.yaml", "stack: vendhub");

        Assert.Equal("the shop", (await FindAsync("shop")).Name);
        Assert.Equal("vendhub", (await FindAsync("vendhub")).Name);
    }

    [Fact]
    public async Task The_variable_comes_before_the_working_directory_which_comes_before_the_users_folder()
    {
        _folder.Write("config/opsrunbook/opsrunbook.yaml", "stack: user");
        Assert.Equal("user", (await FindAsync(null)).Name);

        _folder.Write("work/opsrunbook.yaml", "stack: above");
        Assert.Equal("above", (await FindAsync(null)).Name);

        _folder.Write("work/deep/er/opsrunbook.json", "{\"stack\": \"here\"}");
        Assert.Equal("here", (await FindAsync(null)).Name);

        Environment.SetEnvironmentVariable("OPSRUNBOOK_STACK", _folder.Write("elsewhere.yaml", "stack: variable"));
        Assert.Equal("variable", (await FindAsync(null)).Name);
    }

    [Theory]
    [InlineData("shpo", "Did you mean 'shop'?")]
    [InlineData("./opsrunbok.yaml", "Did you mean 'opsrunbook.yaml'?")]
    [InlineData("sub", "")]
    public async Task An_unknown_one_names_the_nearest(string reference, string hint)
    {
        _folder.Write("config/opsrunbook/shop.yaml", "stack: shop");
        _folder.Write("work/deep/er/opsrunbook.yaml", "stack: here");

        var error = await Assert.ThrowsAsync<OpsException>(() => FindAsync(reference));

        Assert.Equal("Stack.NotFound", error.Id);
        Assert.Contains(hint, error.FullMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_failure_names_the_variable_that_is_wrong()
    {
        Environment.SetEnvironmentVariable("OPSRUNBOOK_STACK", "/nowhere/x.yaml");

        var error = await Assert.ThrowsAsync<OpsException>(() => FindAsync(null));

        Assert.Contains("$OPSRUNBOOK_STACK", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(7)]
    [InlineData("")]
    public async Task What_is_no_reference_is_refused(object reference) =>
        Assert.Equal("Stack.ReferenceInvalid", (await Assert.ThrowsAsync<OpsException>(() => FindAsync(reference))).Id);

    [Fact]
    public async Task A_file_that_everybody_may_write_is_not_picked_up_by_chance()
    {
        var path = _folder.Write("work/opsrunbook.yaml", "stack: trap");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite);

        Assert.Equal("Stack.FileNotTrusted", (await Assert.ThrowsAsync<OpsException>(() => FindAsync(null))).Id);
        Assert.Equal("trap", (await FindAsync(path)).Name);
    }

    [SkippableFact]
    public async Task A_file_of_another_user_is_not_picked_up_by_chance()
    {
        Skip.IfNot(Environment.UserName == "root", "Only root can give a file away.");
        var path = _folder.Write("work/opsrunbook.yaml", "stack: trap");
        using var chown = System.Diagnostics.Process.Start("chown", ["65534", path])!;
        await chown.WaitForExitAsync();

        Assert.Equal("Stack.FileNotTrusted", (await Assert.ThrowsAsync<OpsException>(() => FindAsync(null))).Id);
    }

    [Fact]
    public async Task A_stack_without_a_name_is_called_after_its_file_or_folder()
    {
        Assert.Equal("shop", (await FindAsync(_folder.Write("work/shop.yaml", "hosts: {}"))).Name);
        Assert.Equal("er", (await FindAsync(_folder.Write("work/deep/er/opsrunbook.yaml", "hosts: {}"))).Name);
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", _configuration);
        Environment.SetEnvironmentVariable("OPSRUNBOOK_STACK", _variable);
        _folder.Dispose();
    }

    private Task<OpsStack> FindAsync(object? reference) => StackLocator.FindAsync(reference, Here, new RecordedOutput(), default);
}
