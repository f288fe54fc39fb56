using System.Xml.Linq;
using OpsRunbook.Cmdlets.Tests.Runner;
using OpsRunbook.ConsoleRunner.Binding;
using OpsRunbook.ConsoleRunner.Help;

namespace OpsRunbook.Cmdlets.Tests.Help;

public sealed class HelpTests
{
    private const string Page = """
        # Test-Binding

        ## Synopsis
        Shows `what` was bound.

        ## Description
        First paragraph with a [link](https://example.org/x)
        on two lines.

        - one
        - two

        ## Examples
        ### 1: By name
        ```powershell
        Test-Binding -Name api |
            Where-Object Name   # not a heading:
        ### inside
        ```
        Says the name.

        ### 2: With <angle> & ampersand
        ```powershell
        Test-Binding api
        ```
        Same.

        ## Parameters
        ### -Name
        Names.

        ### -Watch
        Goes on.

        ## Outputs
        Text.

        ## Notes
        None.
        """;

    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    [Fact]
    public void A_page_is_read_into_its_parts()
    {
        var page = CommandPage.Parse(Page);
        Assert.Equal("Test-Binding", page.Name);
        Assert.Equal("Shows `what` was bound.", page.Synopsis);
        Assert.Equal(["First paragraph with a link on two lines.", "- one\n- two"], CommandPage.Paragraphs(page.Description));
        Assert.Equal(["By name", "With <angle> & ampersand"], page.Examples.Select(example => example.Title));
        Assert.Equal("Test-Binding -Name api |\n    Where-Object Name   # not a heading:\n### inside", page.Examples[0].Code);
        Assert.Equal("Says the name.", page.Examples[0].Text);
        Assert.Equal(["Name", "Watch"], page.Parameters.Keys);
        Assert.Equal("None.", page.Notes);
    }

    [Fact]
    public void Maml_has_types_positions_and_pipeline_input_of_the_cmdlet()
    {
        var maml = XDocument.Parse(MamlWriter.Render([(CommandShape.Read(typeof(TestBindingCommand))!, CommandPage.Parse(Page))]));
        var command = Assert.Single(maml.Root!.Elements(Command + "command"));
        Assert.Equal("Shows what was bound.", command.Element(Command + "details")!.Element(Maml + "description")!.Value);
        Assert.Equal(2, command.Descendants(Command + "syntaxItem").Count());
        Assert.Equal(2, command.Descendants(Command + "example").Count());
        Assert.Contains("With <angle> & ampersand", command.Descendants(Maml + "title").Last().Value, StringComparison.Ordinal);

        var name = command.Element(Command + "parameters")!.Elements(Command + "parameter").Single(parameter => parameter.Element(Maml + "name")!.Value == "Name");
        Assert.Equal("0", (string?)name.Attribute("position"));
        Assert.Equal("True (ByValue, ByPropertyName)", (string?)name.Attribute("pipelineInput"));
        Assert.Equal("ServiceName, sn", (string?)name.Attribute("aliases"));
        Assert.Equal("String[]", name.Element(Dev + "type")!.Element(Maml + "name")!.Value);
        Assert.Equal("Names.", name.Element(Maml + "description")!.Value);

        var colour = command.Element(Command + "parameters")!.Elements(Command + "parameter").Single(parameter => parameter.Element(Maml + "name")!.Value == "Colour");
        Assert.Equal(["Red", "Green", "Grey"], colour.Element(Command + "parameterValueGroup")!.Elements().Select(value => value.Value));
        Assert.Contains(command.Descendants(Maml + "name"), element => element.Value == "WhatIf");
    }

    [Fact]
    public void Help_shows_syntax_and_parameters()
    {
        var run = Run.Of("help", "test-binding");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Test-Binding [[-Name] <String[]>] [[-Text] <String>] [-Port <Int32>]", run.Out, StringComparison.Ordinal);
        Assert.Contains("Test-Binding [-Uri] <Uri>", run.Out, StringComparison.Ordinal);
        Assert.Contains("One of Red, Green, Grey.", run.Out, StringComparison.Ordinal);
        Assert.Contains("-WhatIf", run.Out, StringComparison.Ordinal);
        Assert.All(run.Lines, line => Assert.True(line.Length <= 120, line));
        Assert.Equal(run.Out, Run.Of("Test-Binding", "-?").Out);
        Assert.Equal(run.Out, Run.Of("Test-Binding", "-Name", "x", "-?").Out);
    }

    [Theory]
    [InlineData]
    [InlineData("help")]
    [InlineData("--help")]
    public void Alone_it_lists_the_commands(params string[] args)
    {
        var run = Run.Of(args);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("\nStop-Plate", run.Out, StringComparison.Ordinal);
        Assert.Contains("opsrunbook help NAME", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Topics_and_version_are_there()
    {
        Assert.Contains("EXIT CODE OF OPSRUNBOOK", Run.Of("help", "about_opsrunbook").Out, StringComparison.Ordinal);
        Assert.Matches(@"^opsrunbook [0-9]+\.[0-9]+\.[0-9]+", Run.Of("--version").Out);
    }
}
