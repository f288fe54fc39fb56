using System.Text;

namespace OpsRunbook.Engine.WebServer;

/// <summary>A <c>server</c> of nginx's <c>http</c>.</summary>
/// <param name="Directive">The block.</param>
/// <param name="Number">Which one of its file it is, from 0.</param>
/// <param name="Names">Its server names.</param>
/// <param name="Listen">What it listens on, as nginx has it.</param>
/// <param name="Settings">What stands in it, includes followed.</param>
internal sealed record NginxServerBlock(NginxDirective Directive, int Number, IReadOnlyList<string> Names, IReadOnlyList<string> Listen, IReadOnlyList<NginxDirective> Settings)
{
    /// <summary>First server name, or what it listens on when it has none.</summary>
    public string Name => Names.FirstOrDefault(name => name is not ("" or "_")) ?? Listen[0];

    /// <summary>Every site of a configuration, in the order in which nginx reads them.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <returns>The sites.</returns>
    public static IReadOnlyList<NginxServerBlock> Of(NginxConfiguration configuration)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var sites = new List<NginxServerBlock>();
        foreach (var directive in configuration.Blocks("http", "server"))
        {
            // A file that is included twice has the same site twice.
            if (sites.Exists(site => ReferenceEquals(site.Directive, directive)))
            {
                continue;
            }

            var number = numbers.GetValueOrDefault(directive.File);
            numbers[directive.File] = number + 1;
            var settings = configuration.Expand(directive.Block!);
            var listen = settings.Where(setting => setting is { Name: "listen", Arguments.Count: > 0 }).Select(setting => setting.Value).ToList();
            sites.Add(new NginxServerBlock(
                directive,
                number,
                settings.Where(setting => setting.Name == "server_name").SelectMany(setting => setting.Arguments).ToList(),
                listen.Count > 0 ? listen : ["*:80"],
                settings));
        }

        return sites;
    }

    /// <summary>The maintenance that a site is in.</summary>
    /// <param name="marks">Marks of its file.</param>
    /// <returns>Those that stand in its block.</returns>
    public IEnumerable<MaintenanceMark> MarksIn(IEnumerable<MaintenanceMark> marks) =>
        marks.Where(mark => mark.Part == MaintenancePart.Answer && mark.Start >= Directive.Terminator.End && mark.End <= Directive.End);

    /// <summary>The marks of each file of a configuration.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <returns>Marks by path; only files that have some.</returns>
    public static IReadOnlyDictionary<string, List<MaintenanceMark>> MarksOf(NginxConfiguration configuration) => configuration.Files
        .Select(file => (file.Key, Marks: MaintenanceMark.Find(Encoding.Latin1.GetString(file.Value))))
        .Where(file => file.Marks.Count > 0)
        .ToDictionary(file => file.Key, file => file.Marks, StringComparer.Ordinal);
}
