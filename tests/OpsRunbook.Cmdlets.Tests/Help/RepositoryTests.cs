using System.Text.RegularExpressions;
using System.Xml.Linq;
using OpsRunbook.ConsoleRunner.Binding;
using OpsRunbook.ConsoleRunner.Help;
using OpsRunbook.ConsoleRunner.Output;

namespace OpsRunbook.Cmdlets.Tests.Help;

/// <summary>Manifest, help pages and table views agree with the cmdlets that there are.</summary>
public sealed class RepositoryTests
{
    private const int WidestTable = 120;
    private static readonly string Root = FindRoot();
    private static readonly string FormatFile = Path.Combine(Root, "module", "OpsRunbook.Format.ps1xml");

    public static TheoryData<string> Commands => [.. CommandCatalog.Default.Names];

    [Fact]
    public void The_manifest_exports_every_cmdlet_and_no_other()
    {
        var manifest = File.ReadAllText(Path.Combine(Root, "OpsRunbook.psd1"));
        var list = Regex.Match(manifest, @"CmdletsToExport\s*=\s*@\(([^)]*)\)", RegexOptions.None, TimeSpan.FromSeconds(1)).Groups[1].Value;
        var exported = Regex.Matches(list, "'([^']+)'", RegexOptions.None, TimeSpan.FromSeconds(1)).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(CommandCatalog.Default.Names.Order(StringComparer.Ordinal), exported.Order(StringComparer.Ordinal));
        Assert.Equal(exported.Order(StringComparer.OrdinalIgnoreCase), exported);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void A_command_has_a_whole_page(string name)
    {
        var command = CommandCatalog.Default.Find(name);
        Assert.NotNull(command);
        var path = Path.Combine(Root, "docs", "commands", name + ".md");
        Assert.True(File.Exists(path), $"docs/commands/{name}.md is missing.");
        var page = CommandPage.Parse(File.ReadAllText(path));
        Assert.Equal(name, page.Name);
        Assert.NotEmpty(page.Synopsis);
        Assert.DoesNotContain('\n', page.Synopsis);
        Assert.NotEmpty(page.Description);
        Assert.True(page.Examples.Count >= 2, "At least two examples.");
        Assert.All(page.Examples, example => Assert.NotEmpty(example.Title));
        Assert.All(page.Examples, example => Assert.Contains(name, example.Code, StringComparison.OrdinalIgnoreCase));

        var parameters = command.Parameters.Where(parameter => !parameter.Hidden).Select(parameter => parameter.Name).ToList();
        Assert.DoesNotContain(parameters, parameter => string.IsNullOrWhiteSpace(page.Parameters.GetValueOrDefault(parameter)));
        Assert.DoesNotContain(page.Parameters.Keys, parameter => !parameters.Contains(parameter, StringComparer.Ordinal));
    }

    [SkippableTheory]
    [MemberData(nameof(Commands))]
    public void The_examples_of_a_page_bind(string name)
    {
        // Whatever stands for the command itself, up to a pipe or the end of the line, must be a call that it accepts.
        var path = Path.Combine(Root, "docs", "commands", name + ".md");
        Skip.IfNot(File.Exists(path), "There is no page yet.");
        var command = CommandCatalog.Default.Find(name)!;
        foreach (var example in CommandPage.Parse(File.ReadAllText(path)).Examples)
        {
            foreach (Match match in Regex.Matches(example.Code, $@"(?:^|[|;({{=]\s*){Regex.Escape(name)}\b(.*)", RegexOptions.Multiline | RegexOptions.IgnoreCase, TimeSpan.FromSeconds(1)))
            {
                foreach (Match parameter in Regex.Matches(Regex.Replace(match.Groups[1].Value.Split('|')[0], @"'[^']*'|""[^""]*""|@\{[^}]*\}", "x", RegexOptions.None, TimeSpan.FromSeconds(1)), @"(?<=\s)-([A-Za-z]\w*)", RegexOptions.None, TimeSpan.FromSeconds(1)))
                {
                    _ = ParameterBinder.Resolve(command, parameter.Groups[1].Value);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_output_type_of_ours_has_a_table(string name)
    {
        var views = TableView.ReadAll(FormatFile).Select(view => view.TypeName).ToList();
        Assert.Empty(CommandCatalog.Default.Find(name)!.OutputTypes
            .Where(type => type.Assembly == typeof(HealthStatus).Assembly && !type.IsEnum)
            .Select(type => type.FullName)
            .Except(views));
    }

    [Fact]
    public void Every_table_fits_and_calls_only_what_both_hosts_can()
    {
        var views = XDocument.Load(FormatFile).Descendants("View").ToList();
        Assert.NotEmpty(views);
        foreach (var view in views)
        {
            var name = view.Element("Name")!.Value;
            var type = typeof(HealthStatus).Assembly.GetType(view.Descendants("TypeName").First().Value);
            Assert.True(type is not null, $"{name} is for a type that does not exist.");
            Assert.Empty(view.Descendants("Wrap"));
            foreach (var script in view.Descendants("ScriptBlock").Select(block => block.Value))
            {
                var call = TableView.ParseScript(script);
                Assert.True(call is not null, $"{name}: '{script}' is not [OpsRunbook.Display]::Method($_.Property).");
                Assert.True(type.GetProperty(call.Value.Property) is not null, $"{name}: {type.Name} has no property {call.Value.Property}.");
            }

            foreach (var property in view.Descendants("PropertyName").Select(element => element.Value))
            {
                Assert.True(type.GetProperty(property) is not null, $"{name}: {type.Name} has no property {property}.");
            }

            var headers = view.Descendants("TableColumnHeader").ToList();
            Assert.Equal(headers.Count, view.Descendants("TableColumnItem").Count());
            var widths = headers.Select(header => (int?)header.Element("Width")).ToList();

            // What has no width gets what is left over: enough to say something.
            var needed = widths.Sum(width => width ?? 10) + headers.Count - 1;
            Assert.True(needed <= WidestTable, $"{name} needs {needed} columns.");
            foreach (var header in headers.Where(header => header.Element("Width") is not null))
            {
                Assert.True(header.Element("Label")!.Value.Length <= (int)header.Element("Width")!, $"{name}: the label {header.Element("Label")!.Value} does not fit.");
            }
        }

        Assert.Equal(views.Count, TableView.ReadAll(FormatFile).Count());
        Assert.Equal(views.Select(view => view.Descendants("TypeName").First().Value).Distinct(StringComparer.Ordinal).Count(), views.Count);
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "OpsRunbook.psd1")))
        {
            folder = Path.GetDirectoryName(folder.TrimEnd('/')) ?? throw new InvalidOperationException("The tests do not run in a checkout.");
        }

        return folder;
    }
}
