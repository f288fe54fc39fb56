using System.Text.RegularExpressions;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Tests.Stacks;

namespace OpsRunbook.Engine.Tests.Safety;

/// <summary>The list of guards and the code agree.</summary>
public sealed class GuardNamesTests
{
    [Fact]
    public void Every_guard_that_is_asked_is_listed_and_the_other_way_round()
    {
        var code = Directory.EnumerateFiles(Repository.File("src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Select(File.ReadAllText).ToList();
        var asked = code.SelectMany(text => Regex.Matches(text, "Require\\(\\s*\"(\\w+)\"", RegexOptions.None, TimeSpan.FromSeconds(5)).Concat(Regex.Matches(text, "\"Guard\\.(\\w+)\"", RegexOptions.None, TimeSpan.FromSeconds(5))))
            .Select(match => match.Groups[1].Value)
            .Where(name => name is not ("ReasonMissing" or "NotFound"))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        Assert.Equal(asked, Guards.All.Select(guard => guard.Name));
        Assert.Equal(Guards.All.Select(guard => guard.Name).Order(StringComparer.Ordinal), Guards.All.Select(guard => guard.Name));
    }
}
