using OpsRunbook.Cmdlets;
using OpsRunbook.ConsoleRunner.Binding;

namespace OpsRunbook.ConsoleRunner;

/// <summary>Shell completion: a script for the shell, and the verb that it calls for the possible words.</summary>
/// <param name="catalog">The commands.</param>
internal sealed class Completion(CommandCatalog catalog)
{
    private static readonly string[] Shells = ["bash"];

    // Bash breaks words at the colon and the comma is part of a word; the script hands over whole words.
    private const string Bash = """
        # bash completion for opsrunbook; in ~/.bashrc:  source <(opsrunbook completion bash)
        _opsrunbook() {
            local current words=() i
            # What stands before the cursor, split at blanks only, so that -Confirm:false stays one word.
            read -r -a words <<< "${COMP_LINE:0:COMP_POINT}"
            case "${COMP_LINE:0:COMP_POINT}" in *[[:space:]]) words+=("") ;; esac
            current="${words[${#words[@]}-1]}"
            local IFS=$'\n'
            COMPREPLY=($("${words[0]}" complete "${words[@]:1}" 2>/dev/null))
            # Bash replaces only what follows the last colon.
            if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
                for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]="${COMPREPLY[i]#"${current%"${current##*:}"}"}"; done
            fi
            for i in "${!COMPREPLY[@]}"; do
                if [[ ${COMPREPLY[i]} == *[[:space:]\'\"\\\$\`\&\;\|\(\)\<\>\*]* ]]; then
                    printf -v "COMPREPLY[i]" %q "${COMPREPLY[i]}"
                fi
            done
            # A list goes on after its comma, a parameter after its name.
            if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:,] ]]; then compopt -o nospace; fi
        }
        complete -o default -F _opsrunbook opsrunbook

        """;

    /// <summary>The script for a shell.</summary>
    /// <param name="shell">Its name.</param>
    /// <returns>The script.</returns>
    /// <exception cref="UsageException">There is none for that shell.</exception>
    public static string Script(string[] shell) => shell is ["bash"]
        ? Bash
        : throw new UsageException("Usage.ShellUnknown", "There is a completion script for bash: 'opsrunbook completion bash'.");

    /// <summary>Writes what could stand in place of the last word, a line for each.</summary>
    /// <param name="output">Takes the words.</param>
    /// <param name="words">The words behind <c>opsrunbook</c>; the last one is being written.</param>
    public void Write(TextWriter output, string[] words)
    {
        foreach (var candidate in Candidates(words).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            output.WriteLine(candidate);
        }
    }

    private static bool Starts(string candidate, string word) => candidate.StartsWith(word, StringComparison.OrdinalIgnoreCase);

    private IEnumerable<string> Candidates(string[] words)
    {
        var word = words is [.., var last] ? last : string.Empty;
        if (words.Length <= 1 || (words.Length == 2 && words[0] == "help"))
        {
            return (words.Length <= 1 ? catalog.Names.Concat(["help", "completion"]) : catalog.Names).Where(name => Starts(name, word));
        }

        return words[0] == "completion" ? Shells.Where(shell => Starts(shell, word))
            : catalog.Find(words[0]) is { } command ? InCommand(command, words[1..^1], word)
            : [];
    }

    private static IEnumerable<string> InCommand(CommandShape command, string[] before, string word)
    {
        if (ParameterBinder.IsParameterName(word) || word == "-")
        {
            var colon = word.IndexOf(':', StringComparison.Ordinal);
            return colon < 0
                ? ParameterNames(command).Where(name => Starts(name, word))
                : Values(command, word[1..colon], before, word[(colon + 1)..]).Select(value => word[..(colon + 1)] + value);
        }

        // A list may be spread over words: -Name api, d
        var index = before.Length - 1;
        while (index >= 0 && before[index].EndsWith(','))
        {
            index--;
        }

        if (index >= 0 && ParameterBinder.IsParameterName(before[index]))
        {
            return Values(command, before[index][1..], before, word);
        }

        var positional = command.Parameters.FirstOrDefault(parameter => parameter.Roles.Any(role => role.Position == 0));
        return positional is not null && !before.Any(argument => !ParameterBinder.IsParameterName(argument) && argument.Length > 0)
            ? Values(command, positional.Name, before, word)
            : [];
    }

    private static IEnumerable<string> ParameterNames(CommandShape command) => command.Parameters
        .Where(parameter => !parameter.Hidden)
        .Select(parameter => "-" + parameter.Name)
        .Concat(ParameterBinder.Common(command).Where(common => common.Name != "?").Select(common => "-" + common.Name));

    private static IEnumerable<string> Values(CommandShape command, string name, string[] before, string word)
    {
        ParameterShape? own;
        CommonParameter? common;
        try
        {
            (own, common) = ParameterBinder.Resolve(command, name);
        }
        catch (UsageException)
        {
            return [];
        }

        if (common is not null || own!.IsSwitch)
        {
            IEnumerable<string> values = common is { IsSwitch: false } ? common.Values : ["true", "false"];
            return values.Where(value => Starts(value, word));
        }

        // Only the last item of a list is being written.
        var comma = own.Type.IsArray ? word.LastIndexOf(',') + 1 : 0;
        var (head, item) = (word[..comma], word[comma..]);
        var possible = own.KnownValues.Count > 0 ? own.KnownValues : Completer(own)?.Complete(Arguments(before)) ?? [];
        return possible.Where(value => Starts(value, item)).Select(value => head + value);
    }

    private static OpsCompleter? Completer(ParameterShape parameter)
    {
        var attribute = parameter.Attributes.FirstOrDefault(attribute => AttributeReader.Is(attribute, "ArgumentCompleter"));
        return attribute?.ConstructorArguments is [{ Value: Type type }] && typeof(OpsCompleter).IsAssignableFrom(type)
            ? (OpsCompleter)Activator.CreateInstance(type, nonPublic: true)!
            : null;
    }

    // What a completer needs of the rest of the line, such as -Stack FILE.
    private static Dictionary<string, object> Arguments(string[] before)
    {
        var arguments = new Dictionary<string, object>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i + 1 < before.Length; i++)
        {
            if (ParameterBinder.IsParameterName(before[i]) && !ParameterBinder.IsParameterName(before[i + 1]))
            {
                arguments[before[i][1..]] = before[i + 1];
            }
        }

        return arguments;
    }
}
