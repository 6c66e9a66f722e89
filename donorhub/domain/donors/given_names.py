"""Given names we know, Polish and Albanian, with their sex and their everyday forms.

A small list of our own, written from general knowledge. A name that is not in it is
not guessed at: sex then is unknown and the parse of a payer is not confident.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from donorhub.domain.payer_text import fold_letters

Sex = Literal["f", "m"]

POLISH_WOMEN: Final = """Agata Agnieszka Aleksandra Alicja Alina Amelia Anastazja Aneta Angelika Anna
Antonina Barbara Beata Blanka Bogumiła Bożena Celina Czesława Danuta Daria Dominika Dorota Edyta Elżbieta
Emilia Ewa Ewelina Felicja Gabriela Genowefa Grażyna Halina Hanna Helena Ilona Irena Iwona Iza Izabela
Jadwiga Janina Joanna Jolanta Józefa Judyta Julia Julita Justyna Kamila Karolina Katarzyna Kazimiera Kinga
Klaudia Kornelia Krystyna Laura Lena Lidia Liliana Lucyna Ludwika Łucja Magdalena Maja Malwina Małgorzata
Marcelina Maria Marianna Mariola Marlena Marta Martyna Marzena Matylda Michalina Milena Mirosława Monika
Nadia Natalia Nina Nikola Ola Oliwia Olga Otylia Patrycja Paulina Regina Renata Róża Sabina Sandra
Stanisława Stefania Sylwia Szarlota Teresa Urszula Wanda Weronika Wiesława Wiktoria Wioletta Władysława
Zdzisława Zofia Zuzanna Żaneta Ada Adela Adrianna Alfreda Anita Aniela Apolonia Aurelia Balbina Bernadeta
Bianka Bogna Bogusława Bolesława Bronisława Brygida Cecylia Dagmara Daniela Dobrosława Eleonora Eliza
Ernestyna Eryka Eugenia Eulalia Franciszka Gertruda Greta Henryka Honorata Ida Ines Inga Irmina Jagoda
Jarosława Jowita Julianna Kaja Kalina Karina Klara Klementyna Klotylda Konstancja Larysa Leokadia Leontyna
Liwia Longina Lucja Luiza Marcela Marcjanna Marika Marzanna Melania Mieczysława Natasza Nela Oksana Olimpia
Pelagia Petronela Pola Roksana Romana Rozalia Rozwita Rita Sara Seweryna Sława Sonia Stella Tamara Tatiana
Tekla Teodora Tola Wacława Waleria Wera Wiera Wilhelmina Wincentyna Zenona Zyta Żaklina""".split()
POLISH_MEN: Final = """Adam Adrian Albert Aleksander Aleksy Alfred Andrzej Antoni Arkadiusz Artur
Bartłomiej Bartosz Bernard Błażej Bogdan Bogusław Bolesław Bronisław Cezary Cyprian Czesław Damian Daniel
Dariusz Dawid Dominik Edmund Edward Emil Eryk Eugeniusz Fabian Feliks Filip Franciszek Fryderyk Gabriel
Gracjan Grzegorz Gustaw Henryk Hubert Ignacy Igor Ireneusz Jacek Jakub Jan Janusz Jarosław Jerzy Joachim
Józef Julian Juliusz Kacper Kajetan Kamil Karol Kazimierz Konrad Konstanty Kornel Krystian Krzysztof Kuba
Leon Leonard Leszek Lucjan Ludwik Łukasz Maciej Maksymilian Marceli Marcin Marek Marian Mariusz Mateusz
Michał Mieczysław Mikołaj Miłosz Mirosław Norbert Olaf Olgierd Oskar Patryk Paweł Piotr Przemysław Rafał
Radosław Remigiusz Robert Roman Ryszard Sebastian Seweryn Sławomir Stanisław Stefan Sylwester Szczepan
Szymon Tadeusz Teodor Tomasz Tymon Tymoteusz Wacław Waldemar Walenty Wiesław Wiktor Wincenty Witold
Władysław Włodzimierz Wojciech Zbigniew Zdzisław Zenon Zygmunt Barnaba Bonawentura Kosma Alan Aleks Alojzy
Anatol Antonin Anton Ariel August Augustyn Aureliusz Baltazar Benedykt Beniamin Bernardyn Bogumił Borys Bruno
Brunon Cyryl Denis Dionizy Dobrosław Edgar Edwin Eligiusz Emanuel Emilian Erazm Ernest Erwin Eustachy
Euzebiusz Ferdynand Florian Gerard Gerwazy Gniewomir Gwidon Hieronim Hilary Hipolit Honoriusz Ildefons Iwo
Izydor Jaromir Jeremi Jeremiasz Jędrzej Jonasz Jordan Józefat Justyn Kasper Klaudiusz Klemens Ksawery
Kryspin Lech Leonid Leopold Lesław Longin Lubomir Lucjusz Maks Maksym Manuel Marcel Marcjan Maurycy
Melchior Mieszko Modest Natan Nataniel Nikodem Oktawian Oliwier Onufry Paschalis Protazy Rajmund Rajnold
Romuald Rudolf Rufin Saturnin Sergiusz Stanimir Sulisław Sykstus Telesfor Tobiasz Tytus Wawrzyniec
Wiaczesław Wilhelm Wit Witosław Wolfgang Zachariasz Zbysław Zenobiusz Ziemowit""".split()
ALBANIAN_WOMEN: Final = """Adelina Afërdita Albana Alma Anisa Arbana Ardita Arjeta Arta Aurela Besa Besarta
Blerta Blerina Bora Dafina Donika Dorina Drita Edona Elira Elona Elsa Entela Ermira Era Fatime Fatmire Fitore
Flaka Flora Flutura Genta Hana Ilira Jehona Kaltrina Kushtrime Lindita Lirie Liridona Luljeta Majlinda Merita
Mimoza Mirjeta Mirela Nora Pranvera Qendresa Rina Rozafa Saranda Shpresa Shqipe Silva Teuta Valbona
Valmira Vjollca Vlora Xheni Yllka Zana""".split()
ALBANIAN_MEN: Final = """Afrim Agim Agron Alban Altin Arben Ardian Armend Artan Astrit Avni Bardhyl Bashkim
Behar Bekim Besim Besnik Blerim Bujar Burim Dardan Dritan Driton Durim Edmond Enver Ermal Ermir Fadil Fatmir
Fatos Flamur Florian Gani Gazmend Genc Gent Gëzim Gjergj Gjon Granit Hamdi Hashim Ilir Isa Kastriot Kreshnik
Kujtim Kushtrim Labinot Leka Liridon Luan Lulzim Mentor Naim Nexhat Petrit Qemal Ramadan Rexhep Rinor Sabri
Sami Selim Shkëlzen Shpend Shpëtim Skënder Sokol Taulant Valon Veton Visar Xhevdet Ylli Zef""".split()

_EVERYDAY: Final = {
    "Katarzyna": "Kasia Kaśka",
    "Małgorzata": "Gosia Małgosia",
    "Agnieszka": "Aga",
    "Aleksandra": "Ola Olka",
    "Anna": "Ania Anka",
    "Barbara": "Basia",
    "Elżbieta": "Ela",
    "Joanna": "Asia Aśka",
    "Magdalena": "Magda",
    "Maria": "Marysia",
    "Zofia": "Zosia",
    "Krystyna": "Krysia",
    "Teresa": "Tereska",
    "Ewa": "Ewka",
    "Hanna": "Hania",
    "Izabela": "Iza",
    "Danuta": "Danka",
    "Urszula": "Ula",
    "Zuzanna": "Zuzia",
    "Jan": "Janek Jasiek Jaś",
    "Jakub": "Kuba",
    "Tomasz": "Tomek",
    "Piotr": "Piotrek",
    "Paweł": "Pawełek",
    "Krzysztof": "Krzysiek Krzyś",
    "Andrzej": "Andrzejek Jędrek",
    "Stanisław": "Staszek Stach",
    "Józef": "Józek",
    "Wojciech": "Wojtek",
    "Michał": "Michałek",
    "Grzegorz": "Grzesiek",
    "Bartłomiej": "Bartek",
    "Maciej": "Maciek",
    "Zbigniew": "Zbyszek",
    "Ryszard": "Rysiek",
    "Jerzy": "Jurek",
    "Sebastian": "Seba",
}

SEX_OF: Final[dict[str, Sex]] = {
    **{fold_letters(name): "m" for name in (*POLISH_MEN, *ALBANIAN_MEN)},
    **{fold_letters(name): "f" for name in (*POLISH_WOMEN, *ALBANIAN_WOMEN)},
    **{
        fold_letters(form): ("m" if name in POLISH_MEN else "f")
        for name, forms in _EVERYDAY.items()
        for form in forms.split()
    },
}
FULL_FORM: Final = {
    fold_letters(form): fold_letters(name) for name, forms in _EVERYDAY.items() for form in forms.split()
}
EVERYDAY_FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    fold_letters(name): tuple(map(fold_letters, forms.split())) for name, forms in _EVERYDAY.items()
}
POLISH: Final = frozenset(map(fold_letters, (*POLISH_WOMEN, *POLISH_MEN))) | frozenset(FULL_FORM)


def find_sex(given_name: str) -> Sex | None:
    """Return the sex of the first of the given names; None where we do not know the name."""
    first = fold_letters(given_name).split()
    return SEX_OF.get(first[0]) if first else None


def find_full_form(given_name: str) -> str:
    """Return the folded full name of an everyday form: Kasia is ``katarzyna``; any other name folded."""
    key = fold_letters(given_name)
    return FULL_FORM.get(key, key)
