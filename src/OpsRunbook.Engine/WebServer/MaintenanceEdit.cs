using System.Text;

namespace OpsRunbook.Engine.WebServer;

/// <summary>What switching maintenance mode on or off changes in a configuration.</summary>
/// <param name="Files">New text of each file that changes, one character for each byte.</param>
/// <param name="Sites">The sites that it is about.</param>
/// <param name="Lines">For each of them, where it is and which lines come or go, as in a diff.</param>
/// <param name="IsPending">An earlier run has been stopped before nginx knew what it had written.</param>
internal sealed record MaintenanceEdit(
    IReadOnlyDictionary<string, string> Files, IReadOnlyList<NginxServerBlock> Sites, IReadOnlyList<(NginxServerBlock Site, string Lines)> Lines, bool IsPending)
{
    /// <summary>Sites that are closed by another owner, with its name.</summary>
    public IReadOnlyList<(string Site, string Owner)> Others { get; init; } = [];

    /// <summary>Closes sites.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="owner">Whose maintenance it is.</param>
    /// <param name="request">What visitors get.</param>
    /// <param name="filter">Picks the sites.</param>
    /// <returns>What changes; nothing for sites that are closed in the same way already.</returns>
    /// <exception cref="OpsException"><c>Maintenance.SiteNotFound</c>, <c>Maintenance.OwnedByOther</c>, <c>Maintenance.MarkEdited</c>.</exception>
    public static MaintenanceEdit Enable(NginxConfiguration configuration, string owner, MaintenanceRequest request, NameFilter filter)
    {
        var marks = NginxServerBlock.MarksOf(configuration);
        var hasAuthRequest = configuration.Files.Values.Any(content => Encoding.Latin1.GetString(content).Contains("auth_request ", StringComparison.Ordinal));
        var chosen = Choose(configuration, filter);
        var edits = new Edits(configuration);
        var isPending = false;
        foreach (var site in chosen)
        {
            var file = site.Directive.File;
            var known = marks.GetValueOrDefault(file) ?? [];
            if (site.MarksIn(known).FirstOrDefault(mark => mark.Owner != owner) is { } other)
            {
                throw new OpsException(
                    "Maintenance.OwnedByOther",
                    OpsErrorKind.Refused,
                    $"Site {site.Name} ({file}:{other.Line}) is in maintenance already, by {NginxDirective.Decode(other.Owner)}.",
                    "End that maintenance first, with the stack that began it.",
                    site.Name);
            }

            var id = MaintenanceText.IdOf(owner, file, site.Number);
            var old = OwnMarks(site, known, owner).ToList();
            RequireUntouched(file, old);
            isPending |= old.Count > 0;
            edits.Begin(site, old);
            edits.Add(site, site.Directive.Words[0].Start, MaintenanceMark.Text(owner, MaintenancePart.Condition, id, MaintenanceText.Condition(id, request)));
            edits.Add(site, site.Directive.Terminator.End, MaintenanceMark.Text(owner, MaintenancePart.Answer, id, MaintenanceText.Answer(id, request, hasAuthRequest)));
        }

        // What an earlier run has ended and could not say so any more.
        edits.Remove(marks, mark => mark.Owner == owner && mark.Part == MaintenancePart.Ended);
        return edits.ToEdit(chosen, isPending);
    }

    /// <summary>Opens sites. A comment stays where a site was closed, until <see cref="Finish"/>.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="owner">Whose maintenance it was.</param>
    /// <param name="filter">Picks the sites; null for everything that this owner has left.</param>
    /// <returns>What changes; nothing when no site of them is closed.</returns>
    /// <exception cref="OpsException"><c>Maintenance.SiteNotFound</c>, <c>Maintenance.MarkEdited</c>.</exception>
    public static MaintenanceEdit Disable(NginxConfiguration configuration, string owner, NameFilter? filter)
    {
        var marks = NginxServerBlock.MarksOf(configuration);
        var wanted = filter is null ? NginxServerBlock.Of(configuration) : Choose(configuration, filter);
        var chosen = wanted.Where(site => OwnMarks(site, marks.GetValueOrDefault(site.Directive.File) ?? [], owner).Any()).ToList();
        var edits = new Edits(configuration);
        foreach (var site in chosen)
        {
            var old = OwnMarks(site, marks[site.Directive.File], owner).ToList();
            RequireUntouched(site.Directive.File, old);
            edits.Begin(site, old);
            edits.Add(site, old.Find(mark => mark.Part == MaintenancePart.Answer)!.Start, MaintenanceMark.EndedText(owner));
        }

        if (filter is null)
        {
            // What is left of sites that somebody has taken away or moved.
            foreach (var (file, left) in marks)
            {
                RequireUntouched(file, left.FindAll(mark => mark.Owner == owner));
            }

            edits.Remove(marks, mark => mark.Owner == owner && mark.Part != MaintenancePart.Ended);
        }

        return edits.ToEdit(chosen, marks.Values.Any(file => file.Exists(mark => mark.Owner == owner && mark.Part == MaintenancePart.Ended))) with
        {
            Others = wanted.SelectMany(site => site.MarksIn(marks.GetValueOrDefault(site.Directive.File) ?? [])
                .Where(mark => mark.Owner != owner)
                .Select(mark => (site.Name, NginxDirective.Decode(mark.Owner)))).ToList(),
        };
    }

    /// <summary>Takes the comments away that <see cref="Disable"/> has left.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="owner">Whose maintenance it was.</param>
    /// <returns>New text of each file that changes.</returns>
    public static IReadOnlyDictionary<string, string> Finish(NginxConfiguration configuration, string owner)
    {
        var edits = new Edits(configuration);
        edits.Remove(NginxServerBlock.MarksOf(configuration), mark => mark.Owner == owner && mark.Part == MaintenancePart.Ended);
        return edits.ToEdit([], isPending: false).Files;
    }

    private static List<NginxServerBlock> Choose(NginxConfiguration configuration, NameFilter filter)
    {
        var sites = NginxServerBlock.Of(configuration);
        var chosen = sites.Where(site => filter.Includes([.. site.Names, site.Name, .. site.Listen])).ToList();
        return chosen.Count > 0
            ? chosen
            : throw filter.Unused("Maintenance.SiteNotFound", "site").FirstOrDefault()
                ?? new OpsException("Maintenance.SiteNotFound", OpsErrorKind.NotFound, "nginx has no site: its configuration has no 'server' in 'http'.", "Check 'config' of the web server in the stack file.");
    }

    // The one before a site has the same id as the one in it, and is the last of them before it when somebody has copied the site.
    private static IEnumerable<MaintenanceMark> OwnMarks(NginxServerBlock site, List<MaintenanceMark> marks, string owner)
    {
        foreach (var answer in site.MarksIn(marks).Where(mark => mark.Owner == owner))
        {
            yield return answer;
            if (marks.FindLast(mark => mark.Part == MaintenancePart.Condition && mark.Owner == owner && mark.Id == answer.Id && mark.End <= answer.Start) is { } condition)
            {
                yield return condition;
            }
        }
    }

    private static void RequireUntouched(string file, List<MaintenanceMark> marks)
    {
        if (marks.Find(mark => mark.IsEdited) is { } edited)
        {
            throw new OpsException(
                "Maintenance.MarkEdited",
                OpsErrorKind.InvalidData,
                $"Somebody has edited what maintenance mode wrote into {file}, from line {edited.Line} on. It is left as it is.",
                "Take the lines between '# opsrunbook: maintenance … begins' and '… ends' out by hand, with these comments, and reload nginx.",
                file);
        }
    }

    /// <summary>Gathers the edits of all files.</summary>
    private sealed class Edits(NginxConfiguration configuration)
    {
        private readonly Dictionary<string, HashSet<(int Start, int End, string New)>> _edits = new(StringComparer.Ordinal);
        private readonly Dictionary<NginxServerBlock, StringBuilder> _lines = new(ReferenceEqualityComparer.Instance);

        public void Begin(NginxServerBlock site, List<MaintenanceMark> old)
        {
            _lines.Add(site, new StringBuilder());
            foreach (var mark in old.OrderBy(mark => mark.Start))
            {
                Of(site.Directive.File).Add((mark.Start, mark.End, string.Empty));
                Describe(site, '-', Text(site.Directive.File)[mark.Start..mark.End]);
            }
        }

        public void Add(NginxServerBlock site, int position, string text)
        {
            Of(site.Directive.File).Add((position, position, text));
            Describe(site, '+', text);
        }

        public void Remove(IReadOnlyDictionary<string, List<MaintenanceMark>> marks, Predicate<MaintenanceMark> which)
        {
            foreach (var (file, all) in marks)
            {
                Of(file).UnionWith(all.FindAll(mark => which(mark) && !mark.IsEdited).Select(mark => (mark.Start, mark.End, string.Empty)));
            }
        }

        public MaintenanceEdit ToEdit(IReadOnlyList<NginxServerBlock> sites, bool isPending)
        {
            var files = _edits
                .Select(file => (Path: file.Key, Before: Text(file.Key), After: MaintenanceMark.Apply(Text(file.Key), file.Value)))
                .Where(file => file.After != file.Before)
                .ToDictionary(file => file.Path, file => file.After, StringComparer.Ordinal);
            var changed = sites.Where(site => files.ContainsKey(site.Directive.File));
            return new MaintenanceEdit(files, sites, changed.Select(site => (site, _lines[site].ToString().TrimEnd('\n'))).ToList(), isPending);
        }

        private HashSet<(int Start, int End, string New)> Of(string file) => _edits.TryGetValue(file, out var edits) ? edits : _edits[file] = [];

        private string Text(string file) => Encoding.Latin1.GetString(configuration.Files[file]);

        private void Describe(NginxServerBlock site, char sign, string text)
        {
            foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                _lines[site].Append(sign).Append(' ').Append(NginxDirective.Decode(line)).Append('\n');
            }
        }
    }
}
