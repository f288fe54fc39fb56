# Every command explains itself.
BeforeDiscovery {
    Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force
    $commands = Get-Command -Module OpsRunbook | ForEach-Object { @{ Name = $_.Name } }
}

BeforeAll {
    Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force
}

Describe 'Get-Help <Name>' -ForEach $commands {
    BeforeAll {
        $help = Get-Help $Name -Full
        $common = [System.Management.Automation.PSCmdlet]::CommonParameters + [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
        $parameters = (Get-Command $Name).Parameters.Values.Where({ $_.Name -notin $common })
    }

    It 'has a synopsis and a description' {
        $help.Synopsis | Should -Not -BeNullOrEmpty
        # Without a help file PowerShell puts the syntax where the synopsis belongs.
        $help.Synopsis | Should -Not -BeLike "*$Name ``[*"
        $help.Description.Text -join '' | Should -Not -BeNullOrEmpty
    }

    It 'has an example' {
        @($help.Examples.Example).Count | Should -BeGreaterThan 0
        @($help.Examples.Example)[0].Code | Should -Match $Name
    }

    It 'explains every parameter' {
        foreach ($parameter in $parameters) {
            $text = ($help.Parameters.Parameter | Where-Object Name -EQ $parameter.Name).Description.Text -join ''
            $text | Should -Not -BeNullOrEmpty -Because "-$($parameter.Name) must be explained"
        }
    }
}
